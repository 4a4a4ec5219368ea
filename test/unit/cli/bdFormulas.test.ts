import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import type { BondResult, ContinueResult, MoleculeInfo, PourResult } from '../../../server/src/protocol/formula';
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
    assert.match(text, /📋 two\n {3}Type: workflow\n/);
    assert.match(text, /📝 Variables:\n {3}\{\{who\}\}: Whom \[required\]\n/);
    assert.match(text, /🌲 Steps \(2\):\n {3}├── a: Do \{\{who\}\}\n {3}└── b: Do b \[needs: a\]\n/);
    const raw = await json<{ formula: string; source: string; steps: unknown[] }>('formula', 'show', 'two');
    assert.deepEqual([raw.formula, raw.steps.length, path.basename(raw.source)], ['two', 2, 'two.formula.toml']);
    assert.match(await ok('formula', 'show', 'odd'), /Warnings:\n {3}.*unknown key "titel"/);
    await fails(/formula "tow" not found[\s\S]*Did you mean two\?/, 'formula', 'show', 'tow');
  });

  it('cooks by name and by file', async () => {
    assert.equal((await json<{ steps: { title: string }[] }>('cook', 'two')).steps[0]!.title, 'Do {{who}}');
    assert.equal(
      (await json<{ steps: { title: string }[] }>('cook', 'two', '--var', 'who=it')).steps[0]!.title,
      'Do it',
    );
    assert.match(
      await ok('cook', './.beads/formulas/two.formula.toml', '--dry-run'),
      /would cook formula two as proto two \(compile-time mode\)[\s\S]*├── a: Do \{\{who\}\} \[from: two@steps\[0\]\]\n {2}└── b: Do b \[needs: a\] \[from/,
    );
    assert.match(
      await ok('cook', 'two', '--dry-run', '--var', 'who=it'),
      /\(runtime mode\)[\s\S]*├── a: Do it [\s\S]*Variable values:\n {2}\{\{who\}\} = it\n/,
    );
    const { source, ...cooked } = JSON.parse(await ok('cook', 'two')) as Record<string, unknown>;
    assert.equal(path.basename(String(source)), 'two.formula.toml');
    assert.deepEqual(cooked, {
      formula: 'two',
      version: 1,
      type: 'workflow',
      vars: { who: { description: 'Whom', required: true } },
      steps: [
        { id: 'a', title: 'Do {{who}}' },
        { id: 'b', title: 'Do b', needs: ['a'] },
      ],
    });
    await fails(
      /runtime mode requires all variables to have values[\s\S]*Missing: who\nProvide with: --var who=<Whom>/,
      'cook',
      'two',
      '--mode',
      'runtime',
    );
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
      /would pour 3 issues from proto two\n\nStorage: permanent \(\.beads\/\)\n\n {2}- two \(from two\)\n {2}- Do it \(from two\.a\)\n {2}- Do b/,
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
        `Molecule: two\n {3}ID: ${root}\n {3}Steps: 3 \\(2 ready\\)[\\s\\S]*group-1: ${root}, ${a}\n[\\s\\S]*` +
          ` {3}two \\[ready \\| group-1\\]\n {3}├── Do it \\[ready \\| group-1\\]\n {3}└── Do b \\[blocked \\| needs: ${a}\\]`,
      ),
    );
    const closed = await ok('close', a, '--continue', '-r', 'fine');
    assert.match(
      closed,
      new RegExp(`✓ Closed ${a}: fine\n\nNext ready in molecule:\n {2}${b}: Do b\n→ Marked in_progress`),
    );
    const [current] = await json<MoleculeInfo[]>('mol', 'current');
    assert.deepEqual([current!.current_step_id, current!.completed], [b, 1]);
    assert.match(
      await ok('mol', 'progress'),
      new RegExp(`Molecule: ${root} \\(two\\)\nProgress: 1 / 2 \\(50\\.0%\\)\nCurrent step: ${b}`),
    );
    assert.equal('steps' in (await json<object>('mol', 'progress', root)), false);
    await fails(/--continue only works when closing a single issue/, 'close', a, b, '--continue');
    await fails(/no issue found/, 'close', 'bd-nowhere', '--continue');
    const last = await json<ContinueResult>('close', b, '--continue');
    assert.deepEqual([last.continue.molecule_complete, last.continue.molecule_id], [true, root]);
    assert.match(await ok('mol', 'progress', root), /Progress: 2 \/ 2 \(100\.0%\)/);
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
    const root = wisp.new_epic_id;
    assert.match(root, /^bd-wisp-/);
    const rows = (await ok('mol', 'wisp', 'list')).split('\n');
    assert.deepEqual(rows.slice(0, 3), [
      'Wisps (3):',
      '',
      `ID           STATUS     PRI  TITLE${' '.repeat(41)} UPDATED`,
    ]);
    assert.match(rows.find((row) => row.startsWith(`${root} `))!, / open {7}P2 {3}\S.* just now$/);
    const preview = await ok('mol', 'squash', root, '--dry-run');
    assert.match(
      preview,
      /^\nDry run: would squash 2 ephemeral children of bd-wisp-[^]*\nWisp children to squash:\n {2}- \[open\] /,
    );
    assert.match(preview, /\n\nChildren would be deleted after digest creation\.\n$/);
    assert.match(
      await ok('mol', 'burn', root, '--dry-run'),
      new RegExp(`\\n {2}- \\[open\\] .* \\(${root}\\) \\[ROOT\\]\\n`),
    );
    assert.equal(fs.readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8'), '');
    await ok('close', wisp.id_mapping['two.a']!, '--continue');
    assert.match(
      await ok('mol', 'squash', wisp.new_epic_id, '--summary', 'Done.'),
      /Squashed molecule: 2 children → 1 digest\n {2}Digest ID: bd-/,
    );
    assert.match(await ok('mol', 'squash', wisp.new_epic_id), /^No ephemeral children found for molecule bd-wisp-/);
    const mol = await json<PourResult>('mol', 'pour', 'two', '--var', 'who=it');
    assert.match(
      await ok('mol', 'burn', mol.new_epic_id, '--dry-run'),
      /Dry run: would burn mol [\s\S]*Issues to delete \(3 total\)[\s\S]*No digest will be created/,
    );
    assert.equal(
      (await json<{ dry_run?: boolean; deleted_count: number }>('mol', 'burn', mol.new_epic_id, '--dry-run')).dry_run,
      true,
    );
    assert.match(await ok('mol', 'burn', mol.new_epic_id, '--force'), /✓ Burned mol: 3 issues deleted/);
    await fails(
      /is neither a molecule nor a step of one/,
      'mol',
      'current',
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
    const text = await ok('mol', 'current', (await json<PourResult>('mol', 'pour', 'long')).new_epic_id);
    assert.match(text, /\(steps 1 to 6 of 150\)/);
    assert.ok(text.split('\n').length < 20);
  });

  it('bonds molecules and formulas', async () => {
    put('arm.formula.toml', workflow('arm', ['look']));
    const a = (await ok('create', 'First', '-t', 'epic', '--silent')).trim();
    const b = (await ok('create', 'Second', '-t', 'epic', '--silent')).trim();
    assert.match(
      await ok('mol', 'bond', a, b),
      new RegExp(`✓ Bonded: ${a} \\+ ${b}\n {2}Result: ${a} \\(compound_molecule\\)`),
    );
    const edges = async (id: string) =>
      (await json<{ dependencies: { id: string; dependency_type: string }[] }[]>('show', id))[0]!.dependencies.map(
        (other) => [other.id, other.dependency_type],
      );
    assert.deepEqual(await edges(b), [[a, 'blocks']]);
    const preview = await ok('mol', 'bond', 'arm', a, '--type', 'parallel', '--dry-run');
    assert.match(
      preview,
      /A: arm \(formula → will cook as proto\)\n {2}B: First \(molecule\)\n {2}Bond type: parallel\n/,
    );
    const named = await json<BondResult>(
      'mol',
      'bond',
      'arm',
      a,
      '--ref',
      'arm-{{who}}',
      '--var',
      'who=ace',
      '--type',
      'parallel',
    );
    assert.deepEqual(named.id_mapping, { arm: `${a}.arm-ace`, 'arm.look': `${a}.arm-ace.look` });
    assert.deepEqual(await edges(`${a}.arm-ace`), [[a, 'parent-child']]);
    const conditional = await json<BondResult>('mol', 'bond', b, 'arm', '--type', 'conditional', '--ephemeral');
    assert.deepEqual(await edges(conditional.id_mapping!.arm!), [[b, 'conditional-blocks']]);
    const both = await json<BondResult>('mol', 'bond', 'arm', 'arm', '--as', 'Twice');
    assert.equal((await json<{ title: string }[]>('show', both.result_id))[0]!.title, 'Twice');
    await fails(/invalid bond type 'later'/, 'mol', 'bond', a, b, '--type', 'later');
    await fails(/'nowhere' not found \(not an issue ID or formula name\)/, 'mol', 'bond', a, 'nowhere');
    await fails(/'nowhere' not found/, 'mol', 'bond', a, 'nowhere', '--dry-run');
    await fails(/cannot use both --ephemeral and --pour/, 'mol', 'bond', a, 'arm', '--ephemeral', '--pour');
    await fails(/invalid --ref 'arm-\{\{who\}\}'/, 'mol', 'bond', a, 'arm', '--ref', 'arm-{{who}}');
    await fails(/bonding: missing required variables: who/, 'mol', 'bond', a, 'two');
    await fails(/cycle/, 'mol', 'bond', b, a);
  });

  it('writes a formula from an epic, which can be poured again', async () => {
    const epic = (await ok('create', 'Release 1.2', '-t', 'epic', '-d', 'For 1.2.', '--silent')).trim();
    const first = (await ok('create', 'Build it!', '--parent', epic, '-d', 'make 1.2', '-l', 'ci', '--silent')).trim();
    const second = (await ok('create', 'Build it', '--parent', epic, '-p', '0', '--deps', first, '--silent')).trim();
    await ok('create', 'Part', '--parent', second);
    assert.match(
      await ok('mol', 'distill', epic, '--dry-run'),
      /would distill 3 steps[\s\S]*Formula: release-1-2\n[\s\S]*├── build-it: Build it!\n└── build-it-2: Build it\n {4}└── part: Part\n$/,
    );
    const written = await json<{ formula_path: string; steps: number; variables: string[] }>(
      'mol',
      'distill',
      epic,
      'rel',
      '--var',
      'v=1.2',
    );
    assert.deepEqual([written.steps, written.variables], [3, ['v']]);
    const formula = JSON.parse(fs.readFileSync(written.formula_path, 'utf8')) as {
      description: string;
      steps: unknown[];
    };
    assert.equal(formula.description, 'For {{v}}.');
    assert.deepEqual(formula.steps[0], {
      id: 'build-it',
      title: 'Build it!',
      description: 'make {{v}}',
      type: 'task',
      priority: 2,
      labels: ['ci'],
    });
    assert.match(await ok('mol', 'seed', 'rel'), /✓ Formula rel accessible/);
    assert.equal((await json<PourResult>('mol', 'pour', 'rel', '--var', 'v=2')).created, 4);
    await fails(/exists already[\s\S]*--force/, 'mol', 'distill', epic, 'rel');
    await ok('mol', 'distill', epic, 'rel', '--force');
    await fails(/'9\.9' not found in epic text/, 'mol', 'distill', epic, 'other', '--var', 'v=9.9');
    await fails(/has no children/, 'mol', 'distill', first);
    await fails(/'t-nope' not found/, 'mol', 'distill', 't-nope');
    await fails(/formula "nowhere" not found/, 'mol', 'seed', 'nowhere');
  });

  it('pours what is attached too, lists wisps and deletes old ones', async () => {
    put('arm.formula.toml', workflow('arm', ['look']));
    const poured = await json<PourResult>(
      'mol',
      'pour',
      'two',
      '--var',
      'who=it',
      '--attach',
      'arm',
      '--attach-type',
      'parallel',
    );
    assert.equal(poured.attached, 2);
    await fails(/nowhere not found as formula or proto ID/, 'mol', 'pour', 'nowhere');
    const wisp = await json<PourResult>('mol', 'wisp', 'create', 'arm');
    assert.equal((await json<{ count: number }>('mol', 'wisp', 'list')).count, 2);
    assert.equal(await ok('mol', 'wisp', 'gc'), 'No abandoned wisps found\n');
    await ok('update', wisp.id_mapping['arm.look']!, '--claim');
    assert.equal(await ok('mol', 'wisp', 'gc', '--age', '0s'), 'No abandoned wisps found\n', 'somebody works on it');
    await ok('close', wisp.id_mapping['arm.look']!);
    const planned = await json<{ candidates: number }>('mol', 'wisp', 'gc', '--age', '0s', '--all', '--dry-run');
    assert.equal(planned.candidates, 2);
    const done = await json<{ cleaned_count: number }>('mol', 'wisp', 'gc', '--age', '0s', '--all');
    assert.equal(done.cleaned_count, 2);
    assert.equal(await ok('mol', 'wisp', 'list', '--all'), 'No wisps found\n');
    await fails(/invalid duration: soon/, 'mol', 'wisp', 'gc', '--age', 'soon');
  });
});
