import assert from 'node:assert/strict';
import { ask } from '../../../server/src/engine/mayor/mayor';
import { Dispatcher, type CallContext } from '../../../server/src/protocol/dispatcher';
import { townSchemas } from '../../../server/src/protocol/schemas';
import { MayorStart, ScriptGet, TownUp } from '../../../server/src/protocol/town';
import { registerMayorHandlers, type MayorTown } from '../../../server/src/engine/mayor/requests';
import type { SessionRecord } from '../../../server/src/sessions/records';
import { TownLayout } from '../../../server/src/town/layout';
import { hqStore } from '../../helpers/ledger';

const ann: CallContext = { actor: 'ann', kind: 'person' };

const record: SessionRecord = {
  id: 's',
  agent: 'mayor',
  role: 'mayor',
  name: 'mayor',
  runtime: 'claude',
  attempt: 1,
  tokenHash: '',
  startedAt: 0,
};

function notHere(): never {
  throw new Error('not here');
}

/** Starts a Mayor while this session of it lives; gives the answer and what was done. */
async function startBeside(
  live: { id: string; doneAt?: number } | undefined,
): Promise<{ answer: unknown; done: string[] }> {
  const store = await hqStore();
  const request = await store.batch({ actor: 'ann' }, (tx) => ask(tx, 'ann', 'A wish'));
  const done: string[] = [];
  const dispatcher = new Dispatcher(townSchemas);
  for (const { spec } of [TownUp, ScriptGet]) dispatcher.on(spec, async () => notHere());
  const town: MayorTown = {
    dispatcher,
    store,
    layout: new TownLayout('/no town'),
    runtimes: { mayor: 'claude', require: (name) => ({ name }) },
    sessions: {
      liveOf: () => live && { ...record, ...live },
      end: async (id, by) => void done.push(`${by} ${id}`),
      takesNudges: () => false,
      nudge: async () => undefined,
    },
    interactive: {
      start: async ({ bead }) => void done.push(`start ${bead === request.id}`),
      mayorMayEnd: () => undefined,
    },
    isRuntimeAccepted: () => true,
    isScriptAccepted: () => true,
    acceptScriptOf: () => undefined,
    info: notHere,
    changed: () => undefined,
  };
  registerMayorHandlers(town);
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
