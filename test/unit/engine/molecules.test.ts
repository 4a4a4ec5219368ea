import assert from 'node:assert/strict';
import { attachedTo } from '../../../server/src/beads/model/molecule';
import { workingSet } from '../../../server/src/engine/state/workingSet';
import {
  attachMolecule,
  beginStep,
  finishLastStep,
  isStep,
  moleculeOfBead,
  refuseStep,
  restartIfBegun,
  scriptOf,
  stepMark,
  stepOf,
} from '../../../server/src/engine/molecules/molecules';
import { sling } from '../../../server/src/engine/dispatch/sling';
import { withWork, workOf } from '../../../server/src/engine/state/work';
import { inspectMolecule, graphOf } from '../../../server/src/formulas/pour/molecule';
import { BeadCreate, BeadReady, BeadUpdate, type Bead } from '../../../server/src/protocol/bead';
import { StepClose, type MoleculeInfo } from '../../../server/src/protocol/formula';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import { refuseForeignStep } from '../../../server/src/townServer/access/stepRules';
import { slungFormula } from '../../../server/src/engine/molecules/slungFormula';
import { formulaService, openMolecules, places, workflow } from '../formulas/samples';
import { refused, type Service } from '../beads/service';

const rust = 'toy/polecats/rust';
const person: CallContext = { actor: 'ann', kind: 'person' };
const agent = (address: string): CallContext => ({ actor: address, kind: 'agent', agent: address });
const texts: Record<string, string> = {
  two: workflow('two', ['a', 'b < a'], '[vars.issue]\nrequired = true\n[vars.test_command]\ndefault = ""').replace(
    'Do a',
    '{{issue}} {{test_command}}',
  ),
  other: workflow('other', ['x']),
  wisps: workflow('wisps', ['w']).replace('formula =', 'phase = "vapor"\nformula ='),
};

describe('molecules of beads', () => {
  let service: Service;
  let bead: string;
  const formula = (name: string, vars: Record<string, string> = {}) =>
    slungFormula(
      formulaService(texts),
      places,
      {
        name: 'toy',
        gates: [{ name: 'test', command: 'npm test', timeoutSeconds: 1 }],
        config: { default_branch: 'trunk' },
      } as never,
      name,
      vars,
    );
  const now = (): Bead => service.store.get(bead)!;
  const root = (): Bead => moleculeOfBead(service.store, now())!;
  const info = (): MoleculeInfo => inspectMolecule(graphOf(service.store), root());
  const batch = (work: (tx: Parameters<typeof beginStep>[0]) => void) => service.store.batch({ actor: 'deacon' }, work);
  const slingIt = (name?: string, vars?: Record<string, string>) =>
    sling(service.store, person, {
      beads: [bead],
      rig: 'toy',
      formula: name === undefined ? undefined : formula(name, vars),
    });
  const hook = (address: string) =>
    batch((tx) => {
      tx.update(bead, {
        status: 'in_progress',
        assignee: address,
        metadata: withWork(tx.require(bead), { branch: 'polecat/x' }),
      });
      restartIfBegun(tx, tx.require(bead));
      beginStep(tx, tx.require(bead), address);
    });

  beforeEach(async () => {
    service = await openMolecules(texts);
    bead = (await service.call(BeadCreate.spec, { title: 'A parser' })).id;
  });
  afterEach(() => service.store.close());

  it('are poured when the bead is slung, with what is known of bead and rig', async () => {
    await slingIt('two', { test_command: 'make test' });
    assert.deepEqual(
      [root().title, attachedTo(root()), info().steps.map((step) => step.issue.title)],
      ['two: A parser', bead, [`${bead} make test`, 'Do b']],
    );
    assert.equal((root().metadata as { formula: { vars: Record<string, string> } }).formula.vars.issue, bead);
    assert.equal(stepOf(service.store, now()), undefined, 'nobody is at it yet');
    await hook(rust);
    assert.deepEqual(stepOf(service.store, now()), { id: 'a', title: `${bead} make test`, index: 1, total: 2 });
  });

  it('are not poured by halves: what is wrong with the formula leaves the bead unslung', async () => {
    await refused(slingIt('nowhere'), /formula "nowhere" not found/, 'not-found');
    await refused(slingIt('two', { nonsense: 'x' }), /the formula two has no variable nonsense/);
    assert.deepEqual(
      [workOf(now()).slung, service.store.list({ type: ['molecule', 'convoy'], all: true })],
      [undefined, []],
    );
  });

  it('of another formula take the place of the one before, as long as nobody has begun', async () => {
    await slingIt('two');
    const first = root();
    await slingIt('other');
    assert.deepEqual([service.store.get(first.id)?.status, info().formula], ['closed', 'other']);
    assert.match(service.store.get(`${first.id}.1`)?.close_reason ?? '', /^not done: replaced by/);
    await slingIt();
    assert.equal(info().formula, 'other', 'slinging without a formula keeps it');
    await hook(rust);
    await refused(slingIt('two'), /is in progress already/, 'conflict');
    await batch((tx) => tx.update(bead, { metadata: withWork(tx.require(bead), { held: true }) }));
    await refused(slingIt('two'), /was started already/, 'conflict');
    await service.call(BeadUpdate.spec, { ids: [bead], status: 'failed' });
    await batch((tx) =>
      tx.create('toy', {
        title: 'M',
        type: 'merge_request',
        status: 'failed',
        metadata: { merge: { source: bead, rig: 'toy', branch: 'x', commit: 'y', worker: rust } },
      }),
    );
    await refused(slingIt('two'), /only has to be merged/, 'conflict');
  });

  it('of a vapor formula are wisps', async () => {
    await slingIt('wisps');
    assert.match(root().id, /^toy-wisp-/);
    await hook(rust);
    assert.equal(stepOf(service.store, now())?.id, 'w');
  });

  it('keep their steps through sessions that die, and start over with a fresh hook', async () => {
    await slingIt('two');
    await hook(rust);
    await service.call(StepClose.spec, { id: `${root().id}.1` }, { actor: rust });
    await batch((tx) => beginStep(tx, tx.require(bead), rust));
    assert.deepEqual(
      info().steps.map((step) => step.status),
      ['done', 'current'],
    );
    await hook('toy/polecats/nux');
    assert.deepEqual(
      info().steps.map((step) => [step.status, step.issue.assignee]),
      [
        ['current', 'toy/polecats/nux'],
        ['pending', undefined],
      ],
    );
    await service.call(StepClose.spec, { id: `${root().id}.1` });
    await service.call(StepClose.spec, { id: `${root().id}.2` });
    assert.equal(root().status, 'closed');
    await hook(rust);
    assert.deepEqual([root().status, info().completed], ['open', 0], 'a closed one too');
  });

  it('that nobody has begun keep what a person did ahead', async () => {
    await slingIt('two');
    await service.call(StepClose.spec, { id: `${root().id}.1` });
    await hook(rust);
    assert.deepEqual(
      info().steps.map((step) => step.status),
      ['done', 'current'],
    );
  });

  it('end with gt done where only the last step is left', async () => {
    await slingIt('two');
    await hook(rust);
    await batch((tx) => finishLastStep(tx, tx.require(bead)));
    assert.equal(info().completed, 0, 'two are left: what was not walked is not done');
    await service.call(StepClose.spec, { id: `${root().id}.1` });
    await batch((tx) => finishLastStep(tx, tx.require(bead)));
    assert.deepEqual([info().completed, root().status], [2, 'closed']);
    await batch((tx) => {
      finishLastStep(tx, tx.require(bead));
      beginStep(tx, tx.require(bead), rust);
    });
    assert.equal(stepOf(service.store, now()), undefined);
  });

  it('give the script runtime their blocks, with variables by name only, unless the bead has blocks of its own', async () => {
    const mechanical = '```sh\necho "$GT_VAR_issue" > x\n```';
    texts.script = `formula = "script"\n[vars.issue]\n[[steps]]\nid = "one"\ntitle = "One"\ndescription = '''${mechanical}'''\n[[steps]]\nid = "two"\ntitle = "Two"\nneeds = ["one"]\ndescription = '''\`\`\`sh\nopen'''\n`;
    await slingIt('two');
    assert.deepEqual(scriptOf(service.store, now()), { blocks: [] }, 'no step has any');
    await slingIt('script');
    assert.deepEqual(scriptOf(service.store, now()), {
      blocks: ['echo "$GT_VAR_issue" > x\n'],
      steps: [
        { step: 'one', blocks: 1 },
        { step: 'two', blocks: 0 },
      ],
    });
    await service.call(BeadUpdate.spec, { ids: [bead], description: '```sh\ntrue\n```' });
    assert.deepEqual(scriptOf(service.store, now()), { blocks: ['true\n'] });
    await service.call(BeadUpdate.spec, { ids: [bead], description: '```sh\ntrue' });
    assert.throws(() => scriptOf(service.store, now()), /not closed/);
  });

  it('are never dispatched, slung or tracked by their steps', async () => {
    await slingIt('two');
    await hook(rust);
    const step = `${root().id}.1`;
    assert.equal(isStep(service.store, service.store.get(step)!), true);
    assert.deepEqual(
      (await service.call(BeadReady.spec, {})).map((item) => item.id),
      [],
      'to others its steps are not work',
    );
    await service.call(BeadUpdate.spec, { ids: [step], status: 'open' });
    assert.deepEqual(
      (await service.call(BeadReady.spec, {})).map((item) => item.id),
      [],
    );
    assert.deepEqual(
      (await service.call(BeadReady.spec, { parent: root().id })).map((item) => item.id),
      [step],
    );
    assert.deepEqual(
      service.store.list({ withoutSteps: 'all', type: ['task'] }).map((item) => item.id),
      [bead],
    );
    assert.equal(stepMark(service.store, bead), ` ${root().id}:0`);
    assert.equal(stepMark(service.store, step), '');
    assert.deepEqual(
      workingSet(service.store, [step, bead]).map((work) => work.id),
      [bead],
    );
    await refused(sling(service.store, person, { beads: [step], rig: 'toy' }), /is a step of toy-mol-/, 'refused');
    assert.throws(() => refuseStep(service.store, service.store.get(step)!), /is a step of/);
    assert.doesNotThrow(() => refuseStep(service.store, now()));
  });

  it('are walked by the agent that has the bead, and by no other', async () => {
    await slingIt('two');
    const step = (): Bead => service.store.get(`${root().id}.1`)!;
    const foreign = (who: CallContext, what = step()): boolean => refuseForeignStep(service.store, what, who);
    assert.throws(() => foreign(agent(rust)), /which is not on your hook/, 'nobody has it yet');
    await hook(rust);
    assert.equal(foreign(agent(rust)), true);
    assert.throws(() => foreign(agent('toy/polecats/nux')), /which is not on your hook/);
    assert.throws(() => foreign(agent(rust), root()), /belongs to toy-/);
    assert.equal(foreign(person), false, 'people are not asked');
    assert.equal(foreign(agent(rust), now()), false, 'the bead itself is another question');
    const proto = await formula('other').cook(now());
    const { root: own } = await service.store.batch({ actor: rust }, (tx) => ({
      root: attachMolecule(tx, tx.require(bead), 'toy', proto),
    }));
    await batch((tx) => tx.removeDependency(own, bead));
    assert.equal(foreign(agent(rust), service.store.get(`${own}.1`)), true, 'one that belongs to no bead');
    await batch((tx) => tx.update(`${own}.1`, { assignee: 'toy/polecats/nux' }));
    assert.equal(foreign(agent(rust), service.store.get(`${own}.1`)), false, 'then the ordinary rules decide');
  });

  it('that are gone, or named by something else, count as none', async () => {
    await batch((tx) => tx.update(bead, { metadata: withWork(tx.require(bead), { molecule: bead }) }));
    assert.equal(moleculeOfBead(service.store, now()), undefined);
    await hook(rust);
    await batch((tx) => finishLastStep(tx, tx.require(bead)));
    await batch((tx) => tx.update(bead, { metadata: withWork(tx.require(bead), { molecule: 'toy-gone' }) }));
    assert.equal(stepOf(service.store, now()), undefined);
  });
});
