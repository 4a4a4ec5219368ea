import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Bead } from '../../server/src/protocol/bead';
import type { MoleculeInfo } from '../../server/src/protocol/formula';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

const fence = (text: string): string => `\`\`\`sh\n${text}\n\`\`\``;

interface Step {
  id: string;
  needs?: string[];
  script?: string;
  gate?: string;
}

function formulaOf(name: string, steps: Step[], head = ''): string {
  const tables = steps.map(({ id, needs = [], script, gate }) =>
    [
      '[[steps]]',
      `id = "${id}"`,
      `title = "${id}"`,
      `needs = ${JSON.stringify(needs)}`,
      ...(script === undefined ? [] : [`description = '''\n${fence(script)}\n'''`]),
      ...(gate === undefined ? [] : [`gate = { type = "${gate}" }`]),
    ].join('\n'),
  );
  return `formula = "${name}"\n${head}\n${tables.join('\n\n')}\n`;
}

describe('how work may end', function () {
  this.timeout(240_000);
  let town: CliTown;
  beforeEach(async () => {
    town = await CliTown.make();
  });
  afterEach(async () => town.dispose());

  const show = async (id: string): Promise<Bead> =>
    (await town.person.json<Bead[]>('bd', ['show', id], { cwd: path.join(town.root, 'toy') }))[0]!;
  const molecule = async (bead: string): Promise<MoleculeInfo> =>
    (await town.person.json<MoleculeInfo[]>('gt', ['mol', 'progress', bead], { cwd: town.root }))[0]!;
  const workOf = async (id: string): Promise<{ paused?: { status: string; message: string }; attempt: number }> =>
    ((await show(id)).metadata as { gastown: { paused?: { status: string; message: string }; attempt: number } })
      .gastown;
  const repository = (): string => path.join(town.root, 'toy', '.repo.git');
  /** Names on the branch where work lands; empty before the first landing. */
  const landedFiles = (): string =>
    sh(repository(), 'git', 'for-each-ref', 'refs/remotes/origin/gastown/main') === ''
      ? ''
      : sh(repository(), 'git', 'ls-tree', '--name-only', 'refs/remotes/origin/gastown/main').replaceAll('\n', ' ');

  function addFormula(name: string, steps: Step[], head = ''): void {
    const folder = path.join(town.root, '.beads', 'formulas');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${name}.formula.toml`), formulaOf(name, steps, head));
  }

  async function sling(bead: string, ...more: string[]): Promise<string> {
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy', ...more], {
      cwd: town.root,
    });
    await town.gt('up');
    return slung!.convoy;
  }

  /** The script of a formula comes from a file: a person accepts it. */
  async function acceptScript(): Promise<void> {
    let asked: { id: string; kind: string } | undefined;
    await waitUntil(
      'a person is asked about the script',
      async () => {
        const items = await town.person.json<{ id: string; kind: string }[]>('gt', ['attention'], { cwd: town.root });
        asked = items.find(({ kind }) => kind === 'consent');
        return asked !== undefined;
      },
      60_000,
    );
    await town.gt('accept', asked!.id, '--yes');
  }

  const bare = async (title: string): Promise<string> =>
    (await town.person.ok('bd', ['create', title, '--silent'], { cwd: path.join(town.root, 'toy') })).trim();
  const isPaused = (bead: string) => async (): Promise<boolean> => (await workOf(bead)).paused !== undefined;

  it('a step without a script holds the work of the script runtime until somebody has done it', async () => {
    const commit = (file: string): string => `echo done > ${file}; git add -A; git commit -qm ${file}`;
    addFormula('five', [
      { id: 'last', needs: ['person'], script: commit('last.txt') },
      { id: 'first', script: commit('first.txt') },
      { id: 'second', needs: ['first'], script: commit('second.txt') },
      { id: 'person', needs: ['second'] },
      { id: 'extra', needs: ['last'], script: 'cat first.txt last.txt' },
    ]);
    const bead = await bare('Five steps');
    const convoy = await sling(bead, '--formula', 'five');
    await acceptScript();
    await waitUntil('it waits for the step', isPaused(bead), 60_000);
    const held = await molecule(bead);
    assert.equal(held.completed, 2);
    assert.match((await workOf(bead)).paused!.message, /the step person .* has no ```sh block/);
    assert.equal((await workOf(bead)).attempt, 1);
    assert.doesNotMatch(landedFiles(), /first\.txt/);
    assert.match(await town.gt('convoy', 'stranded'), new RegExp(`${bead}.*waits for the step`));
    const step = held.steps.find((candidate) => candidate.step === 'person')!;
    await town.bd('close', step.issue.id, '-r', 'done by hand');
    await town.convoyLands(convoy);
    assert.match(landedFiles(), /first\.txt .*last\.txt .*second\.txt/);
    assert.deepEqual(
      (await molecule(bead)).steps.map(({ status }) => status),
      ['done', 'done', 'done', 'done', 'done'],
    );
  });

  it('a bead with a script of its own is not merged while steps of its formula are open', async () => {
    addFormula('plan', [
      { id: 'design' },
      { id: 'implement', needs: ['design'] },
      { id: 'check', needs: ['implement'] },
    ]);
    const bead = await town.bead('One block', 'echo x > one.txt; git add -A; git commit -qm one');
    const convoy = await sling(bead, '--formula', 'plan');
    await waitUntil('it waits for the steps', isPaused(bead), 60_000);
    assert.match((await workOf(bead)).paused!.message, /3 steps are open: design, implement, check/);
    assert.equal((await molecule(bead)).completed, 0);
    for (const { issue } of (await molecule(bead)).steps) await town.bd('close', issue.id, '--force', '-r', 'by hand');
    await town.convoyLands(convoy);
    assert.match(landedFiles(), /one\.txt/);
  });

  it('a human gate holds the step behind it, is opened by a person only, and then the work goes on', async () => {
    addFormula('release', [
      {
        id: 'prepare',
        script:
          'gate=$(bd list --type gate --json | sed -n \'s/.*"id": "\\([^"]*\\)".*/\\1/p\' | head -n 1)\nfor try in "close $gate --force" "update $gate --type task" "delete $gate --force"; do bd $try >> ../tried.txt 2>&1 && echo opened >> ../tried.txt; done\necho prepared > prepared.txt; git add -A; git commit -qm prepared',
      },
      {
        id: 'deploy',
        needs: ['prepare'],
        gate: 'human',
        script: 'echo deployed > deployed.txt; git add -A; git commit -qm deployed',
      },
    ]);
    const bead = await bare('Release');
    const convoy = await sling(bead, '--formula', 'release');
    await acceptScript();
    await waitUntil('it waits for the gate', isPaused(bead), 60_000);
    const { completed } = await molecule(bead);
    assert.equal(completed, 1);
    const tried = fs.readFileSync(path.join(town.root, 'toy', 'polecats', 'furiosa', 'tried.txt'), 'utf8');
    assert.equal(tried.match(/only a person may open/g)?.length, 3, tried);
    assert.doesNotMatch(tried, /opened/);
    assert.match(await town.gt('convoy', 'stranded'), /waits for the gate/);
    assert.match(
      await town.gt('attention'),
      /\(gate\) Release waits for you: open the gate before deploy[\s\S]*→ bd close toy-mol-/,
    );
    assert.doesNotMatch(landedFiles(), /deployed/);
    const gates = await town.person.json<Bead[]>('bd', ['list', '--type', 'gate'], {
      cwd: path.join(town.root, 'toy'),
    });
    assert.equal(gates.length, 1);
    await town.bd('close', gates[0]!.id, '-r', 'go ahead');
    await town.convoyLands(convoy);
    assert.match(landedFiles(), /deployed\.txt .*prepared\.txt/);
  });

  it('a gate of a timer opens by itself', async () => {
    addFormula('later', [
      { id: 'now', script: 'echo now > now.txt; git add -A; git commit -qm now' },
      { id: 'then', needs: ['now'], script: 'echo then > then.txt; git add -A; git commit -qm then' },
    ]);
    const file = path.join(town.root, '.beads', 'formulas', 'later.formula.toml');
    fs.appendFileSync(file, 'gate = { type = "timer", timeout = "3s" }\n');
    const bead = await bare('Later');
    const convoy = await sling(bead, '--formula', 'later');
    await acceptScript();
    await town.convoyLands(convoy);
    assert.match(landedFiles(), /now\.txt .*then\.txt/);
  });

  it('without a change, with a reason: the bead is closed, nothing lands', async () => {
    const bead = await town.bead('Look whether it works', 'gt done --status no-change -m "It works as described"');
    await town.convoyLands(await sling(bead));
    const closed = await show(bead);
    assert.equal(closed.close_reason, 'No change: It works as described');
    assert.equal((await workOf(bead)).attempt, 1);
    assert.equal(landedFiles(), '');
  });

  it('without a change where a person reviews: after their approval', async () => {
    await town.gt('rig', 'set', 'toy', 'review=person');
    const bead = await town.bead('Look', 'gt done --status NO_CHANGE -m "Nothing to do"');
    const convoy = await sling(bead);
    interface Request {
      id: string;
      source: string;
      review?: string;
    }
    let request: Request | undefined;
    await waitUntil(
      'a person is asked',
      async () => {
        const items = await town.person.json<{ kind: string; mergeRequest?: string }[]>('gt', ['attention'], {
          cwd: town.root,
        });
        const item = items.find(({ kind }) => kind === 'review');
        request = item?.mergeRequest === undefined ? undefined : { id: item.mergeRequest, source: bead };
        return item !== undefined;
      },
      60_000,
    );
    assert.equal((await show(bead)).status, 'in_review');
    await town.gt('mq', 'approve', request?.id ?? bead);
    await town.convoyLands(convoy);
    assert.equal((await show(bead)).close_reason, 'No change: Nothing to do');
  });

  it('says what to do where there is a change after all, no commit, or no reason', async () => {
    const bead = await town.bead(
      'Refusals',
      'gt done > ../said.txt 2>&1 || true\ngt done --status no-change >> ../said.txt 2>&1 || true\ngt done --status later -m x >> ../said.txt 2>&1 || true\necho y > y.txt; git add -A; git commit -qm y\ngt done --status no-change -m "No" >> ../said.txt 2>&1 || true\ncp ../said.txt said.txt',
    );
    await town.convoyLands(await sling(bead));
    const said = sh(repository(), 'git', 'show', 'refs/remotes/origin/gastown/main:said.txt');
    assert.match(said, /no commit on this branch[\s\S]*gt done --status no-change -m <why>/);
    assert.match(said, /needs a reason/);
    assert.match(said, /invalid status "later"[\s\S]*completed, no-change, escalated, deferred/);
    assert.match(said, /there is a change: 1 commit on this branch/);
  });

  it('escalated: a person is called, and the bead goes on when it is slung again', async () => {
    const bead = await town.bead(
      'Choose a colour',
      'if [ -e ../asked ]; then echo blue > colour.txt; else touch ../asked; gt done --status escalated -m "Which colour?"; fi',
    );
    const convoy = await sling(bead);
    await waitUntil('it waits', isPaused(bead), 60_000);
    assert.match(await town.gt('escalate', 'list'), /needs help with .*: Which colour\?/);
    assert.match(await town.gt('convoy', 'stranded'), /its agent needs help: Which colour\?/);
    assert.equal((await workOf(bead)).attempt, 1);
    await town.gt('sling', bead, 'toy');
    await town.convoyLands(convoy);
    assert.match(landedFiles(), /colour\.txt/);
  });

  it('a placeholder in a block that would run is refused when the formula is cooked, and named', async () => {
    addFormula('greet', [{ id: 'say', script: 'echo {{who}}' }], '[vars.who]\ndefault = "you"');
    const refused = await town.person.run('bd', ['cook', 'greet'], { cwd: path.join(town.root, 'toy') });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /say.*contains \{\{who\}\}/);
    assert.match(refused.stderr, /"\$GT_VAR_who"/);
  });
});
