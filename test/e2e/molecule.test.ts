import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';
import type { Bead } from '../../server/src/protocol/bead';
import type { MoleculeInfo } from '../../server/src/protocol/formula';

/** In the shell of an agent: the id of the step that it is at. */
const here = 'bd mol current --json | sed -n \'s/.*"current_step_id": "\\(.*\\)".*/\\1/p\'';
/** Closes each step of at most so many, one after another. */
const walkAll = `for number in 1 2 3 4 5 6; do step=$(${here}); test -z "$step" || bd close "$step" --continue; done`;
const walk = (name: string): string => `${name}=$(${here})\necho "$${name}" >> steps.txt`;

describe('a molecule, from sling to merged', function () {
  this.timeout(180_000);
  let town: CliTown;
  afterEach(async () => town.dispose());

  const molecule = async (bead: string): Promise<MoleculeInfo> =>
    (await town.person.json<MoleculeInfo[]>('gt', ['mol', 'progress', bead], { cwd: town.root }))[0]!;
  const slingAndLand = async (bead: string, ...more: string[]): Promise<void> => {
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', ...more], { cwd: town.root });
    await town.gt('up');
    await town.convoyLands(slung!.convoy);
    assert.equal(
      (await town.person.json<Bead[]>('bd', ['show', bead], { cwd: path.join(town.root, 'toy') }))[0]!.status,
      'closed',
    );
  };

  it('is walked by the agent with bd close --continue, and closes with its last step', async () => {
    town = await CliTown.make();
    const block = `${walk('step')}\nbd close "$step" --continue -r "done by $GT_BEAD"\n\`\`\`\n\n\`\`\`sh\n`;
    const bead = await town.bead(
      'A parser',
      `${block.repeat(4)}${walk('step')}\nprintf '%s\\n' "$GT_VAR_title" > title.txt\ngit add --all\ngit commit --quiet -m Parser`,
    );
    await slingAndLand(bead, bead, 'toy', '--formula', 'shiny');
    const info = await molecule(bead);
    assert.deepEqual(
      [info.status, info.formula, info.completed, info.attached_to, info.molecule_title],
      ['closed', 'shiny', 5, bead, 'shiny: A parser'],
    );
    assert.deepEqual(
      info.steps.map(({ step, status }) => `${step} ${status}`),
      ['design done', 'implement done', 'review done', 'test done', 'submit done'],
    );
    assert.deepEqual(
      info.steps.map(({ issue }) => issue.close_reason),
      [...Array.from({ length: 4 }, () => `done by ${bead}`), 'submitted with gt done'],
    );
    assert.ok(info.steps.every(({ issue }) => issue.assignee === 'toy/polecats/furiosa'));
    const landed = (file: string): string =>
      sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'show', `refs/remotes/origin/gastown/main:${file}`);
    assert.equal(landed('steps.txt'), info.steps.map(({ issue }) => issue.id).join('\n'));
    assert.equal(landed('title.txt'), 'A parser');
    assert.match(await town.bd('events', bead), /molecule_attached/);
  });

  it('shows the step in the picture and in gt prime, and a session that is killed goes on at it', async () => {
    town = await CliTown.make();
    const wait = 'while ! test -f ../go; do sleep 0.1; done';
    const bead = await town.bead(
      'Survivor',
      `gt prime > ../prime-$(date +%s%N).txt\nbd close "$(${here})" --continue\n\`\`\`\n\n\`\`\`sh\ngt prime > ../after.txt\n${wait}\necho x > x.txt\n${walkAll}`,
    );
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', 'shiny', '--on', bead, 'toy/rust'], {
      cwd: town.root,
    });
    const agent = async () => (await town.snapshot()).agents.find((candidate) => candidate.name === 'rust');
    await waitUntil('it is at the second step', async () => (await agent())?.step?.id === 'implement', 60_000);
    assert.deepEqual((await agent())?.step, { id: 'implement', title: 'Implement: Survivor', index: 2, total: 5 });
    assert.deepEqual(
      (await town.snapshot()).beads.filter((item) => item.id !== bead),
      [],
      'steps are not beads of their own in windows',
    );
    assert.match(await town.gt('status'), /rust working .*implement \(2\/5\)/);

    const home = path.join(town.root, 'toy', 'polecats', 'rust');
    const before = town.sessions();
    for (const session of before) process.kill(-session.pid, 'SIGKILL');
    await waitUntil(
      'a new session is there',
      () => town.sessions().some((session) => !before.some((old) => old.pid === session.pid)),
      60_000,
    );
    await waitUntil('it knows where it is', () => {
      try {
        return sh(home, 'cat', 'after.txt').includes('implement');
      } catch {
        return false;
      }
    });
    const prime = sh(home, 'cat', 'after.txt');
    assert.match(prime, /### Step 2 of 5: implement/);
    assert.match(prime, /1\. \[x\] design/);
    assert.match(prime, /bd close toy-mol-\w+\.2 --continue/);
    sh(home, 'touch', 'go');
    await town.convoyLands(slung!.convoy);
    const info = await molecule(bead);
    assert.equal(info.status, 'closed');
    assert.deepEqual(
      info.steps.filter(({ issue }) => /^not done/.test(issue.close_reason ?? '')),
      [],
      'each step was walked',
    );
  });

  it('is poured for every bead of a rig that names a formula, also for those of a convoy', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'formula=mol-polecat-work');
    const bead = await town.bead('Plain', `gt prime > prime.md\n${walkAll}`);
    const convoy = await town.person.json<{ id: string }>('gt', ['convoy', 'create', '--launch', 'C', bead], {
      cwd: town.root,
    });
    await town.gt('up');
    await town.convoyLands(convoy.id);
    assert.equal((await molecule(bead)).formula, 'mol-polecat-work');
    assert.match(
      sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'show', 'refs/remotes/origin/gastown/main:prime.md'),
      /### Step 1 of \d+/,
    );
  });

  it('of mechanical steps is run by the script runtime, once a person has accepted what would run, again where the work is sent back', async () => {
    town = await CliTown.make({ gates: ['test=test $(wc -l < log.txt) -ge 4'] });
    const step = (id: string, needs: string): string =>
      `[[steps]]\nid = "${id}"\ntitle = "${id} {{title}}"\nneeds = [${needs}]\ndescription = '''\n\`\`\`sh\necho "$GT_STEP_NAME $GT_VAR_title" >> log.txt\n\`\`\`\n'''\n`;
    const folder = path.join(town.root, 'toy', '.beads', 'formulas');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(
      path.join(folder, 'chores.formula.toml'),
      `formula = "chores"\n[vars]\ntitle = ""\n${step('sweep', '')}${step('mop', '"sweep"')}`,
    );
    const bead = (await town.bd('create', '--title=$(touch pwned)', '--silent')).trim();
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy', '--formula', 'chores'], {
      cwd: town.root,
    });
    const question = async () => (await town.snapshot()).attention.find((item) => item.consent?.kind === 'script');
    await waitUntil('a person is asked', async () => (await question()) !== undefined);
    const asked = (await question())!;
    assert.ok(!asked.consent!.text.includes('pwned'), 'what is accepted holds no value');
    await town.gt('accept', asked.id, '--yes');
    await town.convoyLands(slung!.convoy);
    assert.equal(
      sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'show', 'refs/remotes/origin/gastown/main:log.txt'),
      'sweep $(touch pwned)\nmop $(touch pwned)\n $(touch pwned)\n $(touch pwned)',
      'the second attempt stands at no step: its molecule is complete',
    );
    assert.deepEqual(
      (await molecule(bead)).steps.map(({ step: name, issue }) => `${name} ${issue.close_reason}`),
      ['sweep Closed', 'mop Closed'],
    );
  });

  it('is refused to other agents, is never slung by its steps, and starts over with its bead', async () => {
    town = await CliTown.make({ settings: { max_attempts: 1 } });
    const other = await town.bead('Other', 'exit 1');
    const walker = `bd close "$(${here})" --continue\nif bd close "$(cat ../../../other-step)" --continue 2> ../refused.txt; then exit 9; fi\ntest -f ../../../go`;
    const bead = await town.bead('Anew', walker);
    await town.gt('sling', other, 'toy/nux', '--formula', 'shiny');
    const otherStep = (await molecule(other)).steps[0]!.issue.id;
    sh(town.root, 'sh', '-c', `echo ${otherStep} > toy/other-step`);
    await town.gt('sling', bead, 'toy/ace', '--formula', 'mol-polecat-work', '--var', 'lint_command=none');
    const first = await molecule(bead);
    assert.deepEqual(
      first.steps.map(({ step }) => step),
      ['understand', 'prepare', 'implement', 'self-review', 'check', 'submit'],
    );
    assert.equal(first.steps[0]!.issue.title, `Understand ${bead}`);
    const refused = await town.person.run('gt', ['sling', first.steps[0]!.issue.id, 'toy'], { cwd: town.root });
    assert.match(refused.stderr, /is a step of toy-mol-/);
    const tracked = await town.person.run('gt', ['convoy', 'create', '--launch', 'Steps', first.steps[0]!.issue.id], {
      cwd: town.root,
    });
    assert.match(tracked.stderr, /is a step of toy-mol-/);

    await town.gt('up');
    const failed = async (id: string) =>
      (await town.snapshot()).beads.some((item) => item.id === id && item.phase === 'failed');
    await waitUntil('both have failed', async () => (await failed(bead)) && (await failed(other)), 60_000);
    assert.match(
      sh(path.join(town.root, 'toy', 'polecats', 'ace'), 'cat', 'refused.txt'),
      new RegExp(`${otherStep} is a step of ${other}, which is not on your hook`),
    );
    assert.equal((await molecule(bead)).completed, 1, 'what was done stays on record');

    sh(town.root, 'touch', 'toy/go');
    await town.bd('update', bead, '-d', `Anew\n\n\`\`\`sh\nbd mol current > seen.txt\n${walkAll}\n\`\`\`\n`);
    await slingAndLand(bead, bead, 'toy/rust');
    const again = await molecule(bead);
    assert.equal(again.molecule_id, first.molecule_id);
    assert.match(
      sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'show', 'refs/remotes/origin/gastown/main:seen.txt'),
      /\[current\] \S+: [^\n]+ <- YOU ARE HERE[\s\S]*Progress: 0\/6 steps complete/,
    );
    assert.equal(again.steps[0]!.issue.close_reason, 'Closed');
  });
});
