import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import path from 'node:path';
import { registerBeadHandlers } from '../../../server/src/beads/handlers';
import { BeadStore, type StoreOptions } from '../../../server/src/beads/store';
import type { LedgerFs } from '../../../server/src/beads/storage/ledgerFs';
import { Dispatcher } from '../../../server/src/protocol/dispatcher';
import { townSchemas } from '../../../server/src/protocol/schemas';
import type { Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { MemoryFs } from '../../ledger/memoryFs';

export interface Service {
  store: BeadStore;
  fs: MemoryFs;
  now: { value: number };
  dispatcher: Dispatcher;
  call<S extends RequestSpec>(
    spec: S,
    params: Params<S>,
    more?: { actor?: string; operation?: string },
  ): Promise<Result<S>>;
}

export function putLedger(fs: MemoryFs, name: string, prefix = name, text = ''): string {
  const directory = path.join('/town', name, '.beads');
  fs.put(path.join(directory, 'config.yaml'), `issue-prefix: "${prefix}"\nstatus.custom: "qa"\n`);
  fs.put(path.join(directory, 'issues.jsonl'), text);
  return directory;
}

/** Ledgers in memory with the handlers of `bd` over them; the clock stands still until a test moves it. */
export async function openService(
  names: readonly string[] = ['hq', 'toy'],
  options: StoreOptions & { fs?: LedgerFs } = {},
): Promise<Service> {
  const fs = new MemoryFs();
  const now = { value: Date.parse('2026-03-01T12:00:00Z') };
  const store = await BeadStore.open({ fs, clock: () => new Date(now.value), ...options });
  for (const name of names) await store.addLedger({ name, directory: putLedger(fs, name) });
  const dispatcher = new Dispatcher(townSchemas);
  registerBeadHandlers(dispatcher, store, { ledgerFor: (_context, named) => named ?? names[0] ?? '' });
  return {
    store,
    fs,
    now,
    dispatcher,
    call: async (spec, params, more = {}) => {
      const entry = dispatcher.get(spec.method);
      if (!entry) throw new Error(`no handler for ${spec.method}`);
      return (await entry.run(entry.parse(params), {
        actor: more.actor ?? 'ann',
        kind: 'person',
        operation: more.operation,
      })) as Result<typeof spec>;
    },
  };
}

/** That a request is refused in a way that a person can act on. */
export function refused(promise: Promise<unknown>, message: RegExp, code?: string): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    if (code) assert.equal(error.code, code);
    return true;
  });
}
