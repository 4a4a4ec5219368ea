// A tiny stand-in for server.js: `node transportFakeServer.js --town <root>`; `<root>/fake.json` says how it behaves.
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../server/src/base/errors';
import { Lease } from '../../server/src/base/lease';
import { Dispatcher } from '../../server/src/protocol/dispatcher';
import { notification, request, type NoParams } from '../../server/src/protocol/request';
import { noParams, schemaFor } from '../../server/src/protocol/schemas/schema';
import { townSchemas } from '../../server/src/protocol/schemas';
import { ServerRetire } from '../../server/src/protocol/town';
import { serverEndpointFile } from '../../server/src/protocol/transport';
import { listen } from '../../server/src/protocol/transport/rpcServer';
import { startFailureLine } from '../../server/src/protocol/transport/startFailure';
import { serve } from '../../server/src/protocol/transport/serve';

export const Echo = request<{ text: string }, { text: string; pid: number; actor: string }>('fake/echo', 'write');
export const Peek = request<NoParams, { operation: string | null }>('fake/peek', 'read');
/** Writes its operation id down and kills the server before answering, once per town. */
export const Die = request<NoParams, string>('fake/die', 'write');
export const Fail = request<{ how: 'user' | 'defect' | 'refused' }, null>('fake/fail', 'read');
export const Nothing = request<NoParams, null>('fake/nothing', 'read');
export const Forbidden = request<NoParams, null>('fake/forbidden', 'person');
export const Tick = notification<{ n: number }>('fake/tick');

const schemas = new Map([
  ...townSchemas,
  schemaFor(Echo, z.object({ text: z.string() })),
  schemaFor(Peek, noParams),
  schemaFor(Die, noParams),
  schemaFor(Fail, z.object({ how: z.enum(['user', 'defect', 'refused']) })),
  schemaFor(Nothing, noParams),
  schemaFor(Forbidden, noParams),
]);

export interface FakeConfig {
  build?: number;
  protocol?: number;
  /** Ends at once with this code and a line in the log. */
  exitCode?: number;
  /** The reason for it, as a server gives one that it knows. */
  reason?: { message: string; hint?: string };
  /** Never listens. */
  hang?: boolean;
  startDelayMs?: number;
  /** Answers the retire request but stays. */
  stubborn?: boolean;
}

async function main(): Promise<void> {
  const root = process.argv[process.argv.indexOf('--town') + 1] ?? '';
  const file = path.join(root, 'fake.json');
  const config = (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}) as FakeConfig;
  fs.appendFileSync(
    path.join(root, 'starts.log'),
    `${process.pid} ${JSON.stringify(Object.keys(process.env).filter((name) => name.startsWith('GT_')))}\n`,
  );
  if (config.exitCode !== undefined) {
    const { reason } = config;
    process.stderr.write(
      `${reason ? startFailureLine(new UserError(reason.message, reason.hint)) : 'fake server: cannot go on'}\n`,
    );
    process.exit(config.exitCode);
  }
  if (config.hang) {
    setInterval(() => undefined, 1000);
    return;
  }
  if (!Lease.tryAcquire(path.join(root, '.runtime', 'lease'))) process.exit(0);
  await new Promise((done) => setTimeout(done, config.startDelayMs ?? 0));

  const dispatcher = new Dispatcher(schemas);
  const calls = path.join(root, 'calls.log');
  dispatcher.on(Echo, async ({ text }, context) => ({ text, pid: process.pid, actor: context.actor }));
  dispatcher.on(Peek, async (_, context) => ({ operation: context.operation ?? null }));
  dispatcher.on(Die, async (_, context) => {
    const before = fs.existsSync(calls) ? fs.readFileSync(calls, 'utf8').trim().split('\n') : [];
    fs.appendFileSync(calls, `${context.operation}\n`);
    if (before.length === 0) process.kill(process.pid, 'SIGKILL');
    return context.operation ?? '';
  });
  dispatcher.on(Fail, async ({ how }) => {
    if (how === 'defect') throw new Error('a defect');
    throw new UserError('this cannot be done', 'do that instead', how === 'refused' ? 'refused' : 'conflict');
  });
  dispatcher.on(Nothing, async () => undefined as unknown as null);
  dispatcher.on(Forbidden, async () => null);
  dispatcher.on(ServerRetire.spec, async () => {
    if (!config.stubborn) setTimeout(() => process.exit(0), 20);
    return null;
  });
  await listen({
    root,
    purpose: 'server',
    endpointFile: serverEndpointFile(root),
    build: config.build,
    protocol: config.protocol,
    accept: (hello) =>
      hello.actor === 'nobody' ? { ok: false, reason: 'nobody may not', code: 'refused' } : { ok: true },
    onConnection(connection, hello) {
      serve(
        connection,
        dispatcher,
        (operation) => ({ actor: hello.actor ?? 'somebody', kind: 'person', operation }),
        (spec) => {
          if (spec.access === 'person') throw new UserError('people only', undefined, 'refused');
        },
      );
      connection.listen();
      connection.sendNotification(Tick.method, { n: 1 }).catch(() => undefined);
    },
  });
}

if (process.argv.includes('--town')) void main();
