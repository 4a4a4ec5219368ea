import assert from 'node:assert/strict';
import { answerInWords, answerWithPlan, ask, MAYOR } from '../../../server/src/engine/mayor/mayor';
import { EngineTown } from './engineTown';

const mayor = { actor: MAYOR, kind: 'agent' as const, agent: MAYOR };

describe('what the Mayor is asked', () => {
  let town: EngineTown;
  let request: string;
  const plan = async () => {
    const bead = await town.create();
    return town.store.batch(mayor, (tx) => {
      const { id } = tx.create('hq', { title: 'Plan', type: 'convoy', status: 'staged_ready' });
      tx.addDependency(id, bead.id, 'tracks');
      return tx.require(id);
    });
  };

  beforeEach(async () => {
    town = await EngineTown.open();
    request = (await town.store.batch({ actor: 'ann' }, (tx) => ask(tx, 'ann', 'plan this'))).id;
  });
  afterEach(() => town.store.close());

  it('is answered by a staged convoy', async () => {
    const convoy = await plan();
    await answerWithPlan(town.store, mayor, request, convoy, 'two beads');
    assert.deepEqual(town.bead(convoy.id).metadata, {
      convoy: { notify: [], nudge: [], plan: { request, by: MAYOR, note: 'two beads' } },
    });
    assert.deepEqual([town.bead(request).status, town.bead(request).close_reason], ['closed', `Planned: ${convoy.id}`]);
  });

  it('is answered once, also where two answers come at the same time', async () => {
    const convoys = [await plan(), await plan()];
    const answers = await Promise.allSettled([
      ...convoys.map((convoy) => answerWithPlan(town.store, mayor, request, convoy)),
      answerInWords(town.store, mayor, request, 'no need'),
    ]);
    assert.deepEqual(
      answers.map((answer) => (answer.status === 'fulfilled' ? 'taken' : String(answer.reason))),
      ['taken', ...Array(2).fill(`UserError: ${request} has been answered: Planned: ${convoys[0]!.id}`)],
    );
    assert.deepEqual(
      [town.bead(convoys[1]!.id).metadata, town.store.list({ type: ['message'], all: true }).length],
      [undefined, 1],
      'nothing of the others is written',
    );
  });
});
