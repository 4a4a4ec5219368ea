import { UserError } from '../../base/errors';
import type { Params, RequestSpec, Result } from '../../protocol/request';
import type { Invocation } from '../shared/command';
import { CommandContext } from '../shared/context';
import { authorAddress } from '../shared/connect';
import { openBackend } from './openBackend';
import type { Backend } from './localBackend';

export interface GlobalOptions {
  json?: boolean;
  actor?: string;
  db?: string;
  quiet?: boolean;
  readonly?: boolean;
  /** False with `--no-daemon`. */
  daemon?: boolean;
  sandbox?: boolean;
}

/** Context of every command of `bd`: access to the ledger, and output. */
export class BdContext extends CommandContext {
  /** Opens the ledger for one command, and closes it in any case. */
  async withLedger<T>(invocation: Invocation, work: (backend: Backend) => Promise<T>): Promise<T> {
    const { actor, db, readonly, daemon, sandbox } = invocation.options as GlobalOptions;
    const { cwd, env } = this.process;
    const backend = await openBackend({
      cwd,
      env,
      actor,
      db,
      isServerOff: daemon === false || sandbox === true,
      started: this.started,
      warn: (text) => this.note(text),
    });
    try {
      return await work(readonly ? refusingChanges(backend) : backend);
    } finally {
      await backend.close();
    }
  }

  /** `--quiet` suppresses notes, but not the result. */
  override print(invocation: Invocation, value: unknown, lines: () => string | readonly string[]): void {
    const options = { ...invocation.options, quiet: false };
    super.print({ ...invocation, options }, value, lines);
  }

  /** The address of the author of a new bead, if git has one. */
  async owner(): Promise<{ owner?: string }> {
    const { cwd, env } = this.process;
    const owner = await authorAddress(env, cwd);
    return owner === undefined ? {} : { owner };
  }

  /** Asks on standard output, and reads the answer from standard input. @returns whether it is y */
  confirms(question: string): boolean {
    this.terminal.write(`${question} [y/N] `);
    const answer = (this.process.readLine ?? this.process.readStdin)();
    return /^y$/i.test(answer.split('\n')[0]?.trim() ?? '');
  }

  /** Sends one request to the ledger. */
  call<S extends RequestSpec>(invocation: Invocation, spec: S, params: Params<S>): Promise<Result<S>> {
    return this.withLedger(invocation, (backend) => backend.call(spec, params));
  }
}

/** A backend that refuses changes, for `--readonly`. */
function refusingChanges(backend: Backend): Backend {
  return {
    ...(backend.place ? { place: backend.place } : {}),
    call: async (spec, params) => {
      if (spec.access !== 'read')
        throw new UserError(
          `operation '${spec.method.split('/').at(-1)}' is not allowed in read-only mode`,
          undefined,
          'refused',
        );
      return backend.call(spec, params);
    },
    close: () => backend.close(),
  };
}
