import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import type { ContinueResult, MoleculeInfo, PourResult } from '../../../server/src/protocol/formula';
import { tempDir } from '../../helpers/temp';
import { workflow } from '../formulas/samples';

describe('bd with formulas', () => {
  let cwd: string;
  const bd = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const terminal = {
      write: (text: string) => {
        out += text;
      },
      writeError: (text: string) => {
        err += text;
      },
      colour: false,
    };
    const code = await runBd(args, {
      terminal,
      cwd,
      env: { BD_ACTOR: 'ann', PATH: process.env.PATH, HOME: path.join(cwd, 'home') },
      readStdin: () => '',
    });
    return { code, out, err };
  };
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await bd(...args);
    assert.equal(code, 0, err);
    return out;
  };
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await ok(...args, '--json')) as T;
  const fails = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { code, err } = await bd(...args);
    assert.equal(code, 1);
    assert.match(err, message);
  };
  const put = (name: string, text: string, folder = path.join(cwd, '.beads', 'formulas')): void => {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  };

  beforeEach(async () => {
    cwd = path.join(tempDir('formulas'), 'a project');
    fs.mkdirSync(cwd);
    await ok('init', '--prefix', 'bd');
    put(
      'two.formula.toml',
      workflow('two', ['a', 'b < a'], 'description = "not here"\n[vars.who]\ndescription = "Whom"\nrequired = true\n')
        .replace('Do a', 'Do {{who}}')
        .replace('description = "not here"\n', ''),
    );
  });

  it('lists formulas of project, person and program with their errors', async () => {
    put('broken.formula.toml', 'formula = [');
    put(
      'mine.formula.json',
      JSON.stringify({ formula: 'mine', description: 'My own\nway', steps: [{ id: 'x', title: 'X' }] }),
      path.join(cwd, 'home', '.beads', 'formulas'),
    );
    const text = await ok('formula', 'list');
    assert.match(text, /✗ broken \(0 steps, project\)\n {4}line 1/);
    assert.match(text, /● mine \(workflow, 1 step, user\) My own way/);
    assert.match(text, /● two \(workflow, 2 steps, project\)/);
    assert.match(text, /● shiny \(workflow, 5 steps, built-in\)/);
    assert.deepEqual(
      (await json<{ name: string }[]>('formula', 'list')).map((entry) => entry.name),
      ['broken', 'mine', 'mol-polecat-work', 'shiny', 'two'],
    );
    assert.equal(await ok('formula', 'list', '--type', 'convoy'), 'No formulas.\n');
  });

  it('shows a formula with variables and steps, and its data as JSON', async () => {
    put('odd.formula.toml', `${workflow('odd', ['a'])}\ntitel = "x"\n`);
    const text = await ok('formula', 'show', 'two');
    assert.match(text, /Variables\n {2}who \(required\): Whom\n\nSteps\n {2}1\. a Do \{\{who\}\}\n {2}2\. b Do b ← a/);
    const raw = await json<{ formula: string; source: string; steps: unknown[] }>('formula', 'show', 'two');
    assert.deepEqual([raw.formula, raw.steps.length, path.basename(raw.source)], ['two', 2, 'two.formula.toml']);
    assert.match(await ok('formula', 'show', 'odd'), /Warnings\n {2}.*unknown key "titel"/);
    await fails(/formula "tow" not found[\s\S]*Did you mean two\?/, 'formula', 'show', 'tow');
  });

  it('cooks by name and by file', async () => {
    assert.equal((await json<{ steps: { title: string }[] }>('cook', 'two')).steps[0]!.title, 'Do {{who}}');
    assert.equal(
      (await json<{ steps: { title: string }[] }>('cook', 'two', '--var', 'who=it')).steps[0]!.title,
      'Do it',
    );
    assert.equal(
      await ok('cook', './.beads/formulas/two.formula.toml', '--dry-run'),
      'two: 2 steps (liquid)\n  1. a Do {{who}}\n  2. b Do b ← a\n',
    );
    assert.equal((JSON.parse(await ok('cook', 'two')) as { formula: string }).formula, 'two');
    await fails(/missing required variables: who[\s\S]*--var who=<Whom>/, 'cook', 'two', '--mode', 'runtime');
    await fails(/invalid mode 'quick'/, 'cook', 'two', '--mode', 'quick');
    await fails(/there is no file nowhere\.toml/, 'cook', 'nowhere.toml');
    await fails(/invalid variable format 'who', expected 'key=value'/, 'cook', 'two', '--var', 'who');
    put('bad.formula.toml', workflow('bad', ['a < b']));
    await fails(
      /bad\.formula\.toml: formula validation failed:\n {2}- steps\[0\] \(a\): needs references unknown step "b"/,
      'cook',
      'bad',
    );
  });

  it('pours a molecule, shows its state, and closes it step by step', async () => {
    assert.match(await ok('mol', 'current'), /No molecules in progress/);
    assert.match(
      await ok('mol', 'pour', 'two', '--var', 'who=it', '--dry-run'),
      /would pour 3 issues from proto two\n\n {2}- a \(from two\.a\)\n {2}- b/,
    );
    const poured = await json<PourResult>('mol', 'pour', 'two', '--var', 'who=it');
    assert.deepEqual(
      [poured.created, poured.attached, poured.phase, Object.keys(poured.id_mapping)],
      [3, 0, 'liquid', ['two', 'two.a', 'two.b']],
    );
    const [root, a, b] = [poured.new_epic_id, poured.id_mapping['two.a']!, poured.id_mapping['two.b']!];
    assert.match(
      await ok('mol', 'show', root, '--parallel'),
      new RegExp(
        `^${root} two: 0/2 \\(0 %\\)\n {2}○ 1\\. a Do it \\[${a}\\]\n {2}· 2\\. b Do b[\\s\\S]*At the same time: ${a}`,
      ),
    );
    const closed = await ok('close', a, '--continue', '-r', 'fine');
    assert.match(
      closed,
      new RegExp(`✓ Closed ${a}: fine\n\nNext ready in molecule:\n {2}${b}: Do b\n→ Marked in_progress`),
    );
    const [current] = await json<MoleculeInfo[]>('mol', 'current');
    assert.deepEqual([current!.current_step_id, current!.completed], [b, 1]);
    assert.match(await ok('mol', 'progress'), /1\/2 \(50 %\)/);
    assert.equal('steps' in (await json<object>('mol', 'progress', root)), false);
    await fails(/--continue only works when closing a single issue/, 'close', a, b, '--continue');
    await fails(/no issue found/, 'close', 'bd-nowhere', '--continue');
    const last = await json<ContinueResult>('close', b, '--continue');
    assert.deepEqual([last.continue.molecule_complete, last.continue.molecule_id], [true, root]);
    assert.match(await ok('mol', 'progress', root), /2\/2 \(100 %\) \(closed\)/);
    const lines = fs
      .readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8')
      .trim()
      .split('\n');
    assert.equal(lines.length, 3);
  });

  it('reports what follows a closed step', async () => {
    const poured = await json<PourResult>('mol', 'pour', 'two', '--var', 'who=it');
    const shown = await ok('close', poured.id_mapping['two.a']!, '--continue', '--no-auto');
    assert.match(shown, /Start with: bd update bd-mol-\w+\.2 --claim/);
    assert.match(
      await ok('close', poured.id_mapping['two.b']!, '--continue'),
      /Molecule bd-mol-\w+ complete! All steps closed\./,
    );
    const alone = (await ok('create', 'Alone', '--silent')).trim();
    assert.match(await ok('close', alone, '--continue'), /is not a step of a molecule/);
    put('stuck.formula.toml', workflow('stuck', ['a', 'b < a']) + '[steps.gate]\ntype = "human"\n');
    const stuck = await json<PourResult>('mol', 'pour', 'stuck');
    assert.match(await ok('close', stuck.id_mapping['stuck.a']!, '--continue'), /No ready steps in molecule/);
  });

  it('creates, squashes and burns wisps', async () => {
    const wisp = await json<PourResult>('mol', 'wisp', 'two', '--var', 'who=it');
    assert.match(wisp.new_epic_id, /^bd-wisp-/);
    assert.equal(fs.readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8'), '');
    await ok('close', wisp.id_mapping['two.a']!, '--continue');
    assert.match(await ok('mol', 'squash', wisp.new_epic_id, '--summary', 'Done.'), /Squashed 2 wisps → bd-/);
    assert.equal(await ok('mol', 'squash', wisp.new_epic_id), 'No ephemeral children found\n');
    const mol = await json<PourResult>('mol', 'pour', 'two', '--var', 'who=it');
    assert.match(await ok('mol', 'burn', mol.new_epic_id), /Would delete 3 beads[\s\S]*--force/);
    assert.equal(
      (await json<{ dry_run?: boolean; deleted_count: number }>('mol', 'burn', mol.new_epic_id, '--dry-run')).dry_run,
      true,
    );
    assert.match(await ok('mol', 'burn', mol.new_epic_id, '--force'), /Deleted 3 beads/);
    await fails(
      /is neither a molecule nor a step of one/,
      'mol',
      'show',
      (await ok('create', 'Alone', '--silent')).trim(),
    );
  });

  it('shows warnings of a formula', async () => {
    put('vapor.formula.toml', `phase = "vapor"\nneeds = []\n${workflow('vapor', ['a'])}`);
    const { err } = await bd('mol', 'pour', 'vapor');
    assert.match(err, /Warning: vapor is meant for wisps/);
    assert.match(err, /Warning: unknown key "needs"/);
  });

  it('shows only the current part of a long molecule', async () => {
    put(
      'long.formula.toml',
      workflow(
        'long',
        Array.from({ length: 150 }, (_, index) => (index === 0 ? 's0' : `s${index} < s${index - 1}`)),
      ),
    );
    const text = await ok('mol', 'show', (await json<PourResult>('mol', 'pour', 'long')).new_epic_id);
    assert.match(text, /150 steps; only those around the current one are shown/);
    assert.ok(text.split('\n').length < 20);
  });
});
