import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { runGt } from '../../../server/src/cli/gt/program';
import { Dispatcher, type CallContext } from '../../../server/src/protocol/dispatcher';
import { formulaRequests } from '../../../server/src/protocol/formula';
import type { ParsedParams, RequestSpec, Result } from '../../../server/src/protocol/request';
import { townSchemas } from '../../../server/src/protocol/schemas';
import { townRequests } from '../../../server/src/protocol/town';
import { serverEndpointFile, type Hello } from '../../../server/src/protocol/transport';
import { listen, type RpcServer } from '../../../server/src/protocol/transport/rpcServer';
import { serve } from '../../../server/src/protocol/transport/serve';
import { tempDir } from '../../helpers/temp';

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** A town whose server answers what a test says, and `gt` in this process. */
export class GtTown {
  readonly root = path.join(tempDir('gt'), 'town');
  /** Parameters of every request, by method, as the handler got them. */
  readonly calls: { method: string; params: unknown }[] = [];
  /** Who connected. */
  readonly hellos: Hello[] = [];
  private readonly answers = new Map<string, (params: unknown, context: CallContext) => unknown>();
  private server: RpcServer | undefined;

  async start(): Promise<void> {
    fs.mkdirSync(path.join(this.root, 'mayor'), { recursive: true });
    fs.writeFileSync(path.join(this.root, 'mayor', 'town.json'), '{}');
    const dispatcher = new Dispatcher(townSchemas);
    const specs: RequestSpec[] = [...townRequests, ...formulaRequests];
    for (const spec of specs)
      dispatcher.on(spec, async (params, context) => this.answerTo(spec.method, params, context));
    this.server = await listen({
      root: this.root,
      purpose: 'server',
      endpointFile: serverEndpointFile(this.root),
      accept: (hello) => {
        this.hellos.push(hello);
        return { ok: true };
      },
      onConnection(connection, hello) {
        serve(
          connection,
          dispatcher,
          (operation) => ({ actor: hello.actor ?? 'somebody', kind: 'person', operation }),
          () => undefined,
        );
        connection.listen();
      },
    });
  }

  /** The output of a command that succeeds, and has nothing to warn about. */
  async ok(...args: string[]): Promise<string> {
    const { code, out, err } = await this.gt(...args);
    assert.deepEqual([code, err], [0, '']);
    return out;
  }

  /** A command that fails with this message, and prints nothing else. */
  async fails(message: RegExp, ...args: string[]): Promise<Outcome> {
    const outcome = await this.gt(...args);
    assert.deepEqual([outcome.code, outcome.out], [1, '']);
    assert.match(outcome.err, message);
    return outcome;
  }

  stop(): Promise<void> | undefined {
    return this.server?.close();
  }

  /** What the server answers from now on. */
  answer<S extends RequestSpec>(
    spec: S,
    answer: Result<S> | ((params: ParsedParams<S>, context: CallContext) => Result<S>),
  ): void {
    this.answers.set(spec.method, (params, context) =>
      typeof answer === 'function'
        ? (answer as (params: unknown, context: CallContext) => unknown)(params, context)
        : answer,
    );
  }

  /** The parameters of the last request of this kind. */
  last<S extends RequestSpec>(spec: S): ParsedParams<S> | undefined {
    return this.calls.findLast(({ method }) => method === spec.method)?.params as ParsedParams<S> | undefined;
  }

  async gt(...args: string[]): Promise<Outcome> {
    return this.gtIn(this.root, {}, args);
  }

  async gtIn(cwd: string, env: NodeJS.ProcessEnv, args: string[], stdin = ''): Promise<Outcome> {
    const result = { out: '', err: '' };
    const terminal = {
      write: (text: string) => void (result.out += text),
      writeError: (text: string) => void (result.err += text),
      colour: false,
    };
    const code = await runGt(args, { terminal, cwd, env: { BD_ACTOR: 'ann', ...env }, readStdin: () => stdin });
    return { code, ...result };
  }

  private answerTo(method: string, params: unknown, context: CallContext): unknown {
    this.calls.push({ method, params });
    const answer = this.answers.get(method);
    if (!answer) throw new UserError(`no answer to ${method} in this test`);
    return answer(params, context);
  }
}
