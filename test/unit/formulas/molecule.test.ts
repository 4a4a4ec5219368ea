import assert from 'node:assert/strict';
import path from 'node:path';
import { BeadStore } from '../../../server/src/beads/store';
import { mergeOf } from '../../../server/src/engine/state/work';
import { beginCurrent, graphOf, inspectMolecule, restartMolecule } from '../../../server/src/formulas/pour/molecule';
import { stepNameOf } from '../../../server/src/formulas/pour/pour';
import { BeadClose, BeadCreate, BeadDelete, BeadReady, BeadUpdate, type Bead } from '../../../server/src/protocol/bead';
import { DependencyAdd } from '../../../server/src/protocol/dependency';
import { LedgerExport, LedgerImport } from '../../../server/src/protocol/ledger';
import {
  FormulaCook,
  FormulaList,
  FormulaShow,
  MoleculeBurn,
  MoleculeGet,
  MoleculePour,
  MoleculeSquash,
  StepClose,
  type MoleculeInfo,
  type PourResult,
} from '../../../server/src/protocol/formula';
import { refused, type Service } from '../beads/service';
import { openMolecules, workflow } from './samples';

const diamond = workflow('d', ['a', 'b < a', 'c < a', 'd < b c']);
const tree =
  'formula = "t"\n[[steps]]\nid = "p"\ntitle = "P"\n[[steps.children]]\nid = "p1"\ntitle = "P1"\n[[steps.children]]\nid = "p2"\ntitle = "P2"\nneeds = ["p1"]\n[[steps]]\nid = "q"\ntitle = "Q"\nneeds = ["p"]\n';
const gated =
  'formula = "g"\nphase = "vapor"\n[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\nacceptance = "It is."\nassignee = "bob"\n[steps.gate]\ntype = "human"\nid = "yes?"\ntimeout = "1h"\n';
const forged = workflow(
  'forged',
  ['a'],
  '[steps.metadata]\nmine = 1\nmerge = {source = "x", rig = "toy", branch = "b", commit = "c", worker = "w"}\ngastown = {held = true}\nconvoy = {launched_at = "x"}',
);

describe('molecules', () => {
  let service: Service;
  let poured: PourResult;
  const pour = async (
    formula: string,
    more: { ephemeral?: boolean; dryRun?: boolean; assignee?: string } = {},
  ): Promise<PourResult> => (poured = await service.call(MoleculePour.spec, { formula, ...more }));
  const id = (step: string): string => poured.id_mapping[step]!;
  const get = (bead: string): Bead => service.store.get(bead)!;
  const close = (step: string, more: { force?: boolean; auto?: boolean; reason?: string } = {}, actor = 'ann') =>
    service.call(StepClose.spec, { id: id(step), ...more }, { actor });
  const look = async (): Promise<MoleculeInfo> =>
    (await service.call(MoleculeGet.spec, { id: poured.new_epic_id }))[0]!;
  const states = async (): Promise<string> =>
    (await look()).steps.map((step) => `${step.step}:${step.status}`).join(' ');

  beforeEach(async () => {
    service = await openMolecules({
      d: diamond,
      t: tree,
      g: gated,
      broken: 'formula = [',
      forged,
      v: workflow('v', ['a'], '[vars.who]\nrequired = true'),
    });
  });
  afterEach(() => service.store.close());

  it('are poured as numbered beads with dependencies', async () => {
    await pour('d', { assignee: 'ann' });
    assert.match(poured.new_epic_id, /^toy-mol-\w{5}$/);
    assert.deepEqual([poured.created, poured.phase, id('c')], [5, 'liquid', `${poured.new_epic_id}.3`]);
    const root = get(poured.new_epic_id);
    assert.deepEqual(
      [root.issue_type, root.assignee, root.source_formula, root.metadata],
      ['molecule', 'ann', 'd', { formula: { name: 'd', version: 1, vars: {} } }],
    );
    const step = get(id('d'));
    assert.deepEqual(
      step.dependencies?.map((edge) => [edge.type, edge.depends_on_id]),
      [
        ['parent-child', root.id],
        ['blocks', id('b')],
        ['blocks', id('c')],
      ],
    );
    assert.equal(stepNameOf(step), 'd');
    assert.deepEqual(
      (await service.call(BeadReady.spec, {})).map((bead) => bead.id),
      [id('a')],
      'the molecule itself is not work',
    );
    assert.equal(service.store.events(root.id).length, 1);
  });

  it('keep all fields of a step', async () => {
    await pour('g');
    assert.match(poured.warnings[0]!, /g is meant for wisps/);
    const [gate, step] = [get(id('gate-b')), get(id('b'))];
    assert.deepEqual(
      [gate.issue_type, gate.await_type, gate.await_id, gate.timeout],
      ['gate', 'human', 'yes?', 3600e9],
    );
    assert.deepEqual([step.acceptance_criteria, step.assignee], ['It is.', 'bob']);
    assert.deepEqual(
      step.dependencies?.map((edge) => edge.depends_on_id),
      [poured.new_epic_id, id('a'), gate.id],
    );
    assert.equal((await look()).total, 2, "a gate is nobody's step");
  });

  it('never carry metadata of the engine, so that an import cannot make a merge request of a step', async () => {
    await pour('forged');
    const step = get(id('a'));
    assert.deepEqual([step.issue_type, step.metadata], ['task', { mine: 1, formula: { step: 'a' } }]);
    const merge = {
      source: id('a'),
      rig: 'toy',
      branch: 'b',
      commit: 'c',
      worker: 'w',
      review: { state: 'approved', patch: 'p', commit: 'c', base: 'd' },
    };
    const line = {
      ...step,
      issue_type: 'merge_request',
      metadata: { merge, mine: 2 },
      updated_at: '2027-01-01T00:00:00Z',
    };
    assert.deepEqual((await service.call(LedgerImport.spec, { text: `${JSON.stringify(line)}\n` })).updated, [step.id]);
    assert.deepEqual(
      [get(step.id).issue_type, get(step.id).metadata, mergeOf(get(step.id))],
      ['task', { mine: 2, formula: { step: 'a' } }, undefined],
    );
  });

  it('of wisps are never written to issues.jsonl, and survive a checkpoint and a restart', async () => {
    await pour('d', { ephemeral: true });
    assert.match(id('a'), /^toy-wisp-\w{5}\.1$/);
    await close('a');
    await service.store.checkpoint();
    assert.ok(!String(service.fs.read(path.join('/town', 'toy', '.beads', 'issues.jsonl'))).includes('wisp'));
    assert.equal((await service.call(LedgerExport.spec, {})).count, 0);
    const again = await BeadStore.open({ fs: service.fs });
    await service.store.close();
    await again.addLedger({ name: 'toy', directory: '/town/toy/.beads' });
    assert.deepEqual(
      inspectMolecule(graphOf(again), again.get(poured.new_epic_id)!).steps.map((step) => step.status),
      ['done', 'current', 'ready', 'pending'],
    );
    await again.close();
    service = await openMolecules();
  });

  it('of a dry run create nothing', async () => {
    await pour('d', { dryRun: true });
    assert.equal(poured.created, 5);
    assert.deepEqual(service.store.list({ all: true }), []);
  });

  it('advance: closing a step starts the next, and the last one closes the molecule', async () => {
    await pour('d');
    assert.equal(await states(), 'a:ready b:pending c:pending d:pending');
    const first = await close('a', { reason: 'fine' });
    assert.deepEqual(
      [
        first.closed[0]!.close_reason,
        first.continue.closed_step.id,
        first.continue.next_step?.id,
        first.continue.auto_advanced,
        first.continue.molecule_complete,
        first.continue.molecule_id,
      ],
      ['fine', id('a'), id('b'), true, false, poured.new_epic_id],
    );
    assert.deepEqual([get(id('b')).status, get(id('b')).assignee], ['in_progress', 'ann']);
    assert.equal(await states(), 'a:done b:current c:ready d:pending');
    const info = await look();
    assert.deepEqual(
      [info.current_step_id, info.next_step?.id, info.completed, info.total, info.in_progress, info.percent],
      [id('b'), id('c'), 1, 4, 1, 25],
    );
    assert.equal((await close('b', { auto: false })).continue.auto_advanced, false);
    assert.equal(get(id('c')).status, 'open');
    await close('c');
    const last = await close('d');
    assert.deepEqual(
      [last.continue.molecule_complete, last.continue.next_step, get(poured.new_epic_id).close_reason],
      [true, undefined, 'all steps complete'],
    );
    assert.equal((await close('d')).continue.molecule_complete, true, 'saying it again changes nothing');
    const done = await look();
    assert.deepEqual([done.current_step, done.status, done.first_closed !== undefined], [undefined, 'closed', true]);
  });

  it('do not start a step that is blocked or assigned to someone else', async () => {
    await pour('d');
    await close('a');
    const second = await service.call(BeadUpdate.spec, { ids: [id('c')], claim: true }, { actor: 'bob' });
    assert.equal(second[0]!.status, 'in_progress');
    const result = await close('b');
    assert.deepEqual([result.continue.next_step?.id, result.continue.auto_advanced], [id('c'), false], 'bob is at it');
    await refused(close('d'), /blocked by open issues/);
    await close('c', {}, 'bob');
    assert.equal(get(id('d')).assignee, 'bob');

    await pour('g');
    const stuck = await close('a');
    assert.deepEqual(
      [stuck.continue.next_step, stuck.continue.molecule_complete],
      [undefined, false],
      'the gate is shut',
    );
    assert.equal(await states(), 'a:done b:pending');
    await service.call(BeadClose.spec, { ids: [id('gate-b')] });
    assert.equal((await look()).current_step?.id, id('b'));
    await service.call(BeadUpdate.spec, { ids: [id('b')], status: 'deferred' });
    assert.equal(await states(), 'a:done b:blocked');
  });

  it('close a container with its last child; a container is not a step', async () => {
    await pour('t');
    assert.equal(await states(), 'p1:ready p2:pending q:pending');
    await close('p1');
    assert.equal((await close('p2')).continue.next_step?.id, id('q'));
    assert.equal(get(id('p')).close_reason, 'all steps complete');
    await service.call(BeadClose.spec, { ids: [id('q')] });
    assert.equal(get(poured.new_epic_id).status, 'closed', 'also by plain bd close');
  });

  it('include epics with children; a bead without a parent has no next step', async () => {
    const epic = await service.call(BeadCreate.spec, { title: 'E', type: 'epic' });
    const [one, two] = [
      await service.call(BeadCreate.spec, { title: '1', parent: epic.id }),
      await service.call(BeadCreate.spec, { title: '2', parent: epic.id }),
    ];
    const result = await service.call(StepClose.spec, { id: one.id });
    assert.deepEqual([result.continue.molecule_id, result.continue.next_step?.id], [epic.id, two.id]);
    const end = await service.call(StepClose.spec, { id: two.id });
    assert.deepEqual(
      [end.continue.molecule_complete, get(epic.id).status],
      [true, 'open'],
      'an ordinary epic stays open',
    );
    const alone = await service.call(BeadCreate.spec, { title: 'alone' });
    assert.deepEqual((await service.call(StepClose.spec, { id: alone.id })).continue, {
      closed_step: get(alone.id),
      auto_advanced: false,
      molecule_complete: false,
    });
    await refused(
      service.call(MoleculeGet.spec, { id: alone.id }),
      /is neither a molecule nor a step of one/,
      'not-found',
    );
  });

  it('are closed early only with force, and then close their steps as not done', async () => {
    await pour('d');
    await close('a');
    await refused(
      service.call(BeadClose.spec, { ids: [poured.new_epic_id] }),
      /cannot close molecule .*: 3 open child issue/,
    );
    await service.call(BeadClose.spec, { ids: [poured.new_epic_id], force: true, reason: 'enough' });
    assert.deepEqual(
      ['a', 'b', 'd'].map((step) => get(id(step)).close_reason),
      ['Closed', 'not done: enough', 'not done: enough'],
    );
  });

  it('are closed together with the bead that they are attached to', async () => {
    for (const end of ['close', 'status', 'delete'] as const) {
      const bead = await service.call(BeadCreate.spec, { title: 'Work' });
      await pour('d');
      await service.call(DependencyAdd.spec, { from: poured.new_epic_id, to: bead.id, type: 'attached-to' });
      if (end === 'close') await service.call(BeadClose.spec, { ids: [bead.id] });
      else if (end === 'status') await service.call(BeadUpdate.spec, { ids: [bead.id], status: 'closed' });
      else await service.call(BeadDelete.spec, { ids: [bead.id] });
      assert.deepEqual([get(poured.new_epic_id).status, get(id('d')).status], ['closed', 'closed'], end);
      assert.match(get(id('d')).close_reason ?? '', /^not done: .* was (?:closed|deleted)/);
    }
  });

  it('are found by the agent that works on them, and by the bead that they are attached to', async () => {
    await pour('d');
    assert.deepEqual(await service.call(MoleculeGet.spec, {}), []);
    await close('a');
    assert.equal((await service.call(MoleculeGet.spec, {}))[0]?.molecule_id, poured.new_epic_id);
    assert.deepEqual(await service.call(MoleculeGet.spec, { actor: 'bob' }), []);
    const bead = await service.call(BeadCreate.spec, { title: 'Work' });
    await service.call(DependencyAdd.spec, { from: poured.new_epic_id, to: bead.id, type: 'attached-to' });
    assert.equal((await service.call(MoleculeGet.spec, { id: bead.id }))[0]?.attached_to, bead.id);
    assert.equal((await service.call(MoleculeGet.spec, { id: id('c') }))[0]?.molecule_id, poured.new_epic_id);
    await pour('d', { ephemeral: true, assignee: 'bob' });
    await service.call(BeadUpdate.spec, { ids: [id('a')], claim: true }, { actor: 'eve' });
    for (const actor of ['bob', 'eve'])
      assert.equal((await service.call(MoleculeGet.spec, { actor }))[0]?.molecule_id, poured.new_epic_id, actor);
  });

  it('are started by an agent, handed to another one, and restarted', async () => {
    await pour('t');
    const change = (work: (root: Bead) => (tx: Parameters<typeof beginCurrent>[0]) => void) =>
      service.store.batch({ actor: 'deacon' }, (tx) => work(tx.require(poured.new_epic_id))(tx));
    await change((root) => (tx) => beginCurrent(tx, root, 'toy/polecats/rust'));
    assert.deepEqual([get(id('p1')).status, get(id('p1')).assignee], ['in_progress', 'toy/polecats/rust']);
    const before = service.store.revision;
    await change((root) => (tx) => beginCurrent(tx, root, 'toy/polecats/rust'));
    assert.equal(service.store.revision, before, 'again changes nothing');
    await change((root) => (tx) => beginCurrent(tx, root, 'toy/polecats/nux'));
    assert.equal(get(id('p1')).assignee, 'toy/polecats/nux');
    for (const step of ['p1', 'p2', 'q']) await close(step);
    assert.equal(get(poured.new_epic_id).status, 'closed');
    await change((root) => (tx) => restartMolecule(tx, root));
    assert.equal(await states(), 'p1:ready p2:pending q:pending');
    assert.deepEqual(
      ['p', 'p1', 'q'].map((step) => [get(id(step)).status, get(id(step)).assignee, get(id(step)).close_reason]),
      Array.from({ length: 3 }, () => ['open', undefined, undefined]),
    );
  });

  it('squash wisps into a digest', async () => {
    await pour('d', { ephemeral: true });
    await close('a', { reason: 'well' });
    const dry = await service.call(MoleculeSquash.spec, { id: poured.new_epic_id, dryRun: true });
    assert.equal(dry.squashed_count, 4);
    const kept = await service.call(MoleculeSquash.spec, { id: poured.new_epic_id, keep: true, summary: 'Short.' });
    assert.deepEqual([kept.deleted_count, get(kept.digest_id).description], [0, 'Short.']);
    assert.equal(get(poured.new_epic_id).status, 'closed');

    await pour('d', { ephemeral: true });
    await close('a', { reason: 'well' });
    const result = await service.call(MoleculeSquash.spec, { id: id('a') });
    assert.deepEqual([result.squashed_count, result.deleted_count, service.store.get(id('a'))], [4, 4, undefined]);
    const digest = get(result.digest_id);
    assert.deepEqual(
      [digest.title, digest.status, digest.close_reason, digest.ephemeral],
      ['Digest: d', 'closed', 'Squashed from 4 wisps', undefined],
    );
    assert.match(
      digest.description ?? '',
      /^## Molecule Execution Summary\n\n\*\*Molecule\*\*: d\n[^]*\*\*Completed\*\*: 1\/4\n[^]*\n1\. \*\*\[closed\]\*\* Do a\n[^]* {3}\*Outcome: well\*\n/,
    );
    await pour('d');
    assert.deepEqual(
      (await service.call(MoleculeSquash.spec, { id: poured.new_epic_id })).squashed_ids,
      [],
      'nothing to squash',
    );
  });

  it('burn: wisps are deleted, other beads become tombstones', async () => {
    await pour('t', { ephemeral: true });
    assert.equal((await service.call(MoleculeBurn.spec, { id: poured.new_epic_id, dryRun: true })).deleted_count, 5);
    assert.ok(get(poured.new_epic_id));
    assert.equal(
      (await service.call(MoleculeBurn.spec, { id: poured.new_epic_id })).deleted_ids.at(-1),
      poured.new_epic_id,
    );
    assert.deepEqual([service.store.get(poured.new_epic_id), service.store.get(id('p1'))], [undefined, undefined]);
    await pour('t');
    await service.call(MoleculeBurn.spec, { id: poured.new_epic_id });
    assert.equal(get(id('p1')).status, 'tombstone');
    const epic = await service.call(BeadCreate.spec, { title: 'E', type: 'epic' });
    await refused(service.call(MoleculeBurn.spec, { id: epic.id }), /is not a molecule/, 'refused');
  });
});

describe('requests about formulas', () => {
  it('list formulas with their problems, show their steps, and cook them', async () => {
    const service = await openMolecules({
      d: diamond,
      broken: 'formula = [',
      odd: workflow('odd', ['a'], '[compose]\naspects = ["nowhere"]'),
    });
    const list = await service.call(FormulaList.spec, {});
    assert.deepEqual(
      list.map((formula) => [formula.name, formula.type, formula.steps, formula.errors.length]),
      [
        ['broken', '', 0, 1],
        ['d', 'workflow', 4, 0],
        ['mol-polecat-work', 'workflow', 7, 0],
        ['odd', 'workflow', 1, 1],
        ['shiny', 'workflow', 5, 0],
      ],
    );
    assert.deepEqual(await service.call(FormulaList.spec, { type: 'convoy' }), []);
    const shown = await service.call(FormulaShow.spec, { name: 'd' });
    assert.deepEqual(
      shown.outline.map((step) => step.id),
      ['a', 'b', 'c', 'd'],
    );
    assert.equal(shown.raw.formula, 'd');
    assert.match((await service.call(FormulaShow.spec, { name: 'odd' })).errors[0]!, /formula "nowhere" not found/);
    await refused(service.call(FormulaShow.spec, { name: 'broken' }), /formula validation failed/);
    await refused(service.call(FormulaShow.spec, { name: 'nowhere' }), /not found/, 'not-found');
    assert.equal(
      (await service.call(FormulaCook.spec, { formula: 'shiny', keepVariables: true })).cooked.steps[0]!.title,
      'Design: {{title}}',
    );
    const text = workflow('file', ['a'], '[vars.who]\nrequired = true').replace('Do a', 'Do {{who}}');
    assert.equal(
      (await service.call(FormulaCook.spec, { formula: { text, file: '/x/file.formula.toml' }, vars: { who: 'it' } }))
        .cooked.steps[0]!.title,
      'Do it',
    );
    await refused(
      service.call(MoleculePour.spec, { formula: { text: 'formula = [', file: '/x/y.toml' } }),
      /\/x\/y\.toml: formula validation failed/,
    );
    await refused(service.call(MoleculePour.spec, { formula: 'nowhere' }), /not found/, 'not-found');
    assert.deepEqual(service.store.list({ all: true }), []);
    await service.store.close();
  });

  it('inspect a molecule with a number of lookups that is linear in its size', async () => {
    /** A container that needs as many steps as it has children, and a last step that needs all. */
    const wide = (size: number): string => {
      const all = Array.from({ length: size }, (_, index) => `"s${index}"`).join(', ');
      const list = (make: (index: number) => string): string =>
        Array.from({ length: size }, (_, at) => make(at)).join('');
      return `formula = "wide"\n[[steps]]\nid = "p"\ntitle = "P"\nneeds = [${all}]\n${list((at) => `[[steps.children]]\nid = "c${at}"\ntitle = "C"\n`)}${list((at) => `[[steps]]\nid = "s${at}"\ntitle = "S"\n`)}[[steps]]\nid = "end"\ntitle = "E"\nneeds = ["p", ${all}]\n`;
    };
    const lookups = async (size: number): Promise<number> => {
      const town = await openMolecules({ wide: wide(size) });
      const { new_epic_id: root } = await town.call(MoleculePour.spec, { formula: 'wide' });
      const graph = graphOf(town.store);
      let count = 0;
      const counting = {
        ...graph,
        get: (bead: string) => (count++, graph.get(bead)),
        dependents: (bead: string) => {
          const found = graph.dependents(bead);
          count += 1 + found.length;
          return found;
        },
      };
      const { steps } = inspectMolecule(counting, town.store.get(root)!);
      assert.deepEqual(
        [steps.length, steps[0]!.step, steps.at(-1)!.step, steps.filter(({ status }) => status === 'ready').length],
        [2 * size + 1, 's0', 'end', size],
      );
      await town.store.close();
      return count;
    };
    const [small, large] = [await lookups(40), await lookups(160)];
    assert.ok(large < 5 * small, `${small} lookups for 40, ${large} for four times as many`);
  });
});
