import assert from 'node:assert/strict';
import { ask } from '../../../server/src/engine/mayor/mayor';
import { Dispatcher, type CallContext } from '../../../server/src/protocol/dispatcher';
import { townSchemas } from '../../../server/src/protocol/schemas';
import { MayorStart, Prime, ScriptGet, TownUp } from '../../../server/src/protocol/town';
import { registerMayorHandlers } from '../../../server/src/engine/mayor/requests';
import type { TownService } from '../../../server/src/townServer/townService';
import { hqStore } from '../../helpers/ledger';

const ann: CallContext = { actor: 'ann', kind: 'person' };

/** Starts a Mayor while this session of it lives; gives the answer and what was done. */
async function startBeside(
  live: { id: string; doneAt?: number } | undefined,
): Promise<{ answer: unknown; done: string[] }> {
  const store = await hqStore();
  const request = await store.batch({ actor: 'ann' }, (tx) => ask(tx, 'ann', 'A wish'));
  const done: string[] = [];
  const dispatcher = new Dispatcher(townSchemas);
  for (const { spec } of [TownUp, ScriptGet, Prime])
    dispatcher.on(spec, async () => {
      throw new Error('not here');
    });
  registerMayorHandlers({
    dispatcher,
    store,
    runtimes: { mayor: 'claude', require: (name: string) => ({ name }) },
    sessions: { liveOf: () => live, end: async (id: string, by: string) => void done.push(`${by} ${id}`) },
    interactive: { start: async ({ bead }: { bead?: string }) => void done.push(`start ${bead === request.id}`) },
  } as unknown as TownService);
  const answer = await dispatcher.get(MayorStart.spec.method)!.run({}, ann);
  await store.close();
  return { answer, done };
}

describe('gt mayor start', () => {
  it('starts a Mayor for what waits', async () => {
    assert.deepEqual(await startBeside(undefined), { answer: { live: false }, done: ['start true'] });
  });
  it('leaves one that is there already alone', async () => {
    assert.deepEqual(await startBeside({ id: 's' }), { answer: { live: true }, done: [] });
  });
  it('does not take one that is about to be ended for one that is there', async () => {
    assert.deepEqual(await startBeside({ id: 's', doneAt: 1 }), {
      answer: { live: false },
      done: ['ended s', 'start true'],
    });
  });
});
