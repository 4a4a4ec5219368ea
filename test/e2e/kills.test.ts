import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { sh, tempDir } from '../helpers/temp';
import type { ConvoyInfo } from '../../server/src/protocol/town';

const soak = process.env.GASTOWN_SOAK === '1';
/** Kills of each kind; several convoys are run until there were so many. */
const KILLS = soak ? 20 : 4;
const seed = Number(process.env.GASTOWN_SEED ?? Math.floor(Math.random() * 1e9));

type Victim = 'server' | 'host' | 'agent';

/** Every file must say its own name: a half-done or doubled merge would not pass. */
const CHECK =
  'for file in *.txt; do test -e "$file" || continue; test "$(cat "$file")" = "$file" || { echo "bad $file"; exit 1; }; done\n';

function random(): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** The reviewer takes no draft: it must be gone at the second attempt. */
const REVIEW = 'grep -q "^+draft" "$GT_DIFF_FILE" && { echo "no drafts"; exit 1; }; exit 0';

/** Adds a line to a file that others add theirs to: whoever is late has a conflict, and keeps both lines. */
const addLine = (name: string): string =>
  [
    'if [ -n "$GT_REBASE_ONTO" ]; then',
    // A session that was killed in the middle finds a rebase under way.
    '  { [ -d "$(git rev-parse --git-path rebase-merge)" ] || git rebase --quiet "$GT_REBASE_ONTO"; } || true',
    '  if [ -d "$(git rev-parse --git-path rebase-merge)" ]; then sed -i "/^[<=>]\\{7\\}/d" list.log; git add list.log; GIT_EDITOR=true git rebase --continue; fi',
    'fi',
    `grep -q "^${name}$" list.log || { echo ${name} >> list.log; git add list.log; git commit --quiet -m "list ${name}"; }`,
  ].join('\n');

/** Does the steps of a formula, one after another; the last one is done by submitting. */
const WALK =
  'for number in 1 2 3 4; do step=$(bd mol current --json | sed -n \'s/.*"current_step_id": "\\(.*\\)".*/\\1/p\'); test -z "$step" || bd close "$step" --continue; done';

/**
 * The shape of the demo's convoy: `bad` fails its gate at the first attempt, `right` is rejected at its first, `left`
 * and `right` want the same line, and `join` is done by a formula.
 */
async function fileConvoy(town: CliTown, round: number): Promise<{ convoy: string; files: string[] }> {
  const names = ['root', 'left', 'bad', 'right', 'join', 'end'].map((name) => `${name}${round}.txt`);
  const script = (file: string): string => {
    const content = file.startsWith('bad')
      ? 'if [ "$GT_ATTEMPT" = 1 ]; then text=wrong; else text=$name; fi'
      : 'text=$name';
    return [
      `name=${file}`,
      content,
      ...(file.startsWith('left') || file.startsWith('right') ? [addLine(file)] : []),
      'sleep 0.3',
      file.startsWith('right')
        ? 'if gt prime | grep -q "^### Round 1: rejected"; then rm -f draft.md; else echo draft > draft.md; fi; git add --all; git diff --cached --quiet || git commit --quiet -m draft'
        : '',
      '[ -e "$name" ] && [ "$(cat "$name")" = "$text" ] || { printf %s "$text" > "$name"; git add --all; git commit --quiet -m "$name"; }',
      ...(file.startsWith('join') ? [WALK] : []),
      'sleep 0.3',
    ].join('\n');
  };
  const ids: string[] = [];
  const needs = [[], [0], [0], [0], [1, 2], [3, 4]];
  for (const [index, name] of names.entries())
    ids.push(await town.bead(name, script(name), ...needs[index]!.map((need) => ids[need]!)));
  await town.gt('sling', 'shiny', '--on', ids[4]!, 'toy');
  const convoy = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', `Round ${round}`, ...ids], {
    cwd: town.root,
  });
  return { convoy: convoy.id, files: names };
}

function strike(town: CliTown, victim: Victim, rand: () => number): boolean {
  if (victim !== 'agent') return town.kill(victim);
  const sessions = town.sessions();
  const target = sessions[Math.floor(rand() * sessions.length)];
  if (!target) return false;
  try {
    process.kill(-target.pid, 'SIGKILL');
    return true;
  } catch {
    return false; // it ended by itself a moment ago
  }
}

/** No bead merged twice, none lost, and every commit of main passes its gate. */
function checkMain(town: CliTown, files: readonly string[]): void {
  const subjects = sh(town.project, 'git', 'log', '--format=%s', 'gastown/main').split('\n');
  for (const file of files) {
    const merged = subjects.filter((subject) => subject === file).length;
    assert.equal(merged, 1, `${file} was merged ${merged} times`);
    assert.equal(sh(town.project, 'git', 'show', `gastown/main:${file}`), file);
  }
  const lines = sh(town.project, 'git', 'show', 'gastown/main:list.log').split('\n');
  for (const file of files.filter((name) => /^(left|right)/.test(name)))
    assert.equal(lines.filter((line) => line === file).length, 1, `${file} in list.log`);
  assert.ok(!sh(town.project, 'git', 'ls-tree', '--name-only', 'gastown/main').includes('draft.md'), 'no draft landed');
  const checkout = path.join(tempDir('check'), 'tree');
  sh(town.project, 'git', 'clone', '--quiet', '--branch', 'gastown/main', town.project, checkout);
  for (const commit of sh(checkout, 'git', 'log', '--format=%H', 'HEAD').split('\n')) {
    sh(checkout, 'git', 'checkout', '--quiet', commit);
    sh(checkout, 'sh', '-c', CHECK);
  }
}

describe(`kill -9, ${KILLS} times each (seed ${seed})`, function () {
  this.timeout(1_800_000);
  const rand = random();

  for (const victim of ['server', 'host', 'agent'] as const) {
    it(`of the ${victim} at random moments of a convoy: it still lands, nothing is lost or merged twice`, async () => {
      const town = await CliTown.make({
        files: { 'check.sh': CHECK, 'list.log': '' },
        gates: ['test=sh check.sh'],
        maxWorkers: 3,
      });
      await town.gt('rig', 'set', 'toy', 'review=script', `review_command=${REVIEW}`);
      try {
        let kills = 0;
        for (let round = 0; kills < KILLS; round += 1) {
          const { convoy, files } = await fileConvoy(town, round);
          let landed = false;
          await town.gt('up');
          const landing = town.convoyLands(convoy, 240_000).finally(() => {
            landed = true;
          });
          landing.catch(() => undefined);
          while (!landed && kills < KILLS) {
            await new Promise((done) => setTimeout(done, 200 + rand() * 1300));
            if (!landed && strike(town, victim, rand)) kills += 1;
          }
          await landing;
          checkMain(town, files);
        }
        assert.ok(kills >= KILLS);
        console.log(`      ${kills} kills of the ${victim}`);
        const left = path.join(town.root, 'toy', 'polecats');
        assert.ok(!fs.existsSync(left) || fs.readdirSync(left).length <= 1);
      } finally {
        await town.dispose();
      }
    });
  }
});
