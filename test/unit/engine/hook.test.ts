import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { hook } from '../../../server/src/engine/dispatch/hook';
import { StaleAction, type EngineContext } from '../../../server/src/engine/loop/context';
import { moleculeOfBead, type SlungFormula } from '../../../server/src/engine/molecules/molecules';
import { BeadCreate, type Bead } from '../../../server/src/protocol/bead';
import type { Service } from '../beads/service';
import { formulaService, openMolecules, places, workflow } from '../formulas/samples';

const texts = { two: workflow('two', ['a', 'b < a']) };

describe('hooking a bead', () => {
  let service: Service;
  let bead: string;
  let cooked: string[];
  const now = (): Bead => service.store.get(bead)!;

  /** The formula of the rig; `during` happens while it is cooked. */
  const formula = (during: () => Promise<unknown> = async () => undefined): SlungFormula => ({
    name: 'two',
    cook: async (target) => {
      cooked.push(target.id);
      await during();
      return (await formulaService(texts).cook(places, { formula: 'two' })).proto;
    },
  });
  const hookIt = (workflowOfRig?: SlungFormula): Promise<void> => {
    const context = {
      store: service.store,
      clock: { now: () => new Date() },
      workflow: () => workflowOfRig,
      rig: () => ({ recordSpawn: () => undefined }),
    } as unknown as EngineContext;
    return hook(
      { type: 'hook', key: 'hook', rig: 'toy', name: 'rust', bead, revision: now().updated_at } as never,
      context,
    );
  };

  beforeEach(async () => {
    cooked = [];
    service = await openMolecules(texts);
    bead = (await service.call(BeadCreate.spec, { title: 'A parser' })).id;
  });
  afterEach(() => service.store.close());

  it('pours the formula of the rig for a bead without a molecule', async () => {
    await hookIt(formula());
    assert.deepEqual([now().status, now().assignee, cooked], ['hooked', 'toy/polecats/rust', [bead]]);
    assert.match(moleculeOfBead(service.store, now())?.title ?? '', /^two: A parser$/);
  });

  it('keeps the molecule that a bead has, and needs no formula', async () => {
    await hookIt(formula());
    const molecule = moleculeOfBead(service.store, now())?.id;
    await service.store.batch({ actor: 'deacon' }, (tx) => tx.update(bead, { status: 'open', assignee: undefined }));
    await hookIt(formula());
    assert.deepEqual([moleculeOfBead(service.store, now())?.id, cooked], [molecule, [bead]]);
    bead = (await service.call(BeadCreate.spec, { title: 'Another' })).id;
    await hookIt(undefined);
    assert.deepEqual([now().status, moleculeOfBead(service.store, now())], ['hooked', undefined]);
  });

  it('changes nothing where the formula cannot be cooked', async () => {
    const broken = formula(() => Promise.reject(new UserError('two: reading it took longer than 10 seconds')));
    await assert.rejects(hookIt(broken), /reading it took longer/);
    assert.deepEqual([now().status, now().assignee], ['open', undefined]);
    assert.deepEqual(service.store.list({ type: ['molecule'], all: true }), []);
  });

  it('is dropped where the bead has changed while its formula was cooked', async () => {
    const meanwhile = formula(() =>
      service.store.batch({ actor: 'ann' }, (tx) => tx.update(bead, { status: 'in_progress', assignee: 'ann' })),
    );
    await assert.rejects(hookIt(meanwhile), StaleAction);
    assert.deepEqual([now().assignee, service.store.list({ type: ['molecule'], all: true })], ['ann', []]);
  });
});
