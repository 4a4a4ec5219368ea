import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DirectLandingResult, GateLog, MergeRequestInfo, ProcessedRequest } from '../../server/src/protocol/town';
import { CliTown, type CliResult } from '../helpers/cliTown';
import { sh, tempDir, waitUntil } from '../helpers/temp';

/** Commits by itself and stays in its session, as an agent would that has forgotten to say that it is done. */
const commits = (file: string): string =>
  `echo "${file}" > ${file}\ngit add ${file}\ngit commit -qm "Write ${file}"\nsleep 600`;

describe('the merge queue by command', function () {
  this.timeout(180_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  const json = <T>(...args: string[]): Promise<T> => town.person.json<T>('gt', args, { cwd: town.root });
  const run = (...args: string[]): Promise<CliResult> => town.person.run('gt', args, { cwd: town.root });
  const info = (id: string): Promise<MergeRequestInfo> => json<MergeRequestInfo>('mq', 'status', id);
  const state = async (bead: string): Promise<string> => {
    const result = await run('mq', 'status', bead, '--json');
    return result.code === 0 ? (JSON.parse(result.stdout) as MergeRequestInfo).state : 'none';
  };
  const reaches = (bead: string, wanted: string): Promise<void> =>
    waitUntil(`${bead} is ${wanted}`, async () => (await state(bead)) === wanted, 90_000);
  const statusOf = async (bead: string): Promise<string> =>
    (JSON.parse(await town.bd('show', bead, '--json')) as { status: string }[])[0]!.status;
  const onTarget = (file: string): string => sh(town.project, 'git', 'show', `gastown/main:${file}`).trim();
  const branches = (): string => sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'branch', '--list', 'polecat/*');

  /** A bead whose agent has committed and is still in its session. @returns the bead and its polecat */
  async function committed(file: string): Promise<{ bead: string; agent: string }> {
    const bead = await town.bead(`Write ${file}`, commits(file));
    await town.gt('sling', bead, 'toy');
    let agent = '';
    await waitUntil(
      `${file} is committed`,
      async () => {
        const found = (await town.snapshot()).agents.find((candidate) => candidate.bead === bead && candidate.worktree);
        agent = found?.id ?? '';
        return found?.worktree !== undefined && sh(found.worktree, 'git', 'log', '--format=%s').includes(file);
      },
      90_000,
    );
    return { bead, agent };
  }

  it('shows what was merged: checks, commit, validation, diff and logs; also without a review', async () => {
    town = await CliTown.make({ gates: ['lint=echo looks fine', 'test=echo all pass; test -f a.txt'] });
    const bead = await town.bead('Write a', 'echo hello > a.txt');
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await reaches(bead, 'merged');
    const merged = await info(bead);
    assert.equal(sh(town.project, 'git', 'rev-parse', 'gastown/main').trim(), merged.landed);
    assert.deepEqual(
      merged.checks.map(({ gate, passed, seconds }) => [gate, passed, typeof seconds]),
      [
        ['lint', true, 'number'],
        ['test', true, 'number'],
      ],
    );
    const signals = { tests_passed: true, lint_clean: true, typecheck_clean: null, build_passed: null };
    assert.equal(merged.validation?.validated_by, 'toy/refinery');
    assert.deepEqual(merged.validation?.quality_signals, { ...signals, review_approved: null });
    assert.match(await town.bd('show', bead, '--json'), /"validated_by": "toy\/refinery"/);
    for (const id of [merged.id, merged.branch])
      assert.match(await town.gt('mq', 'status', id), /merged as [0-9a-f]{12}[\s\S]*✓ test \(\d+\.\d s\)/);
    assert.match(await town.gt('mq', 'status', bead, '--diff'), /\+hello/);
    assert.match(await town.gt('mq', 'list', '--all'), new RegExp(`${bead} Write a \\(merged as `));
    assert.match(await town.gt('mq', 'list'), /The merge queue is empty/);
    const { logs } = await json<{ logs: GateLog[] }>('mq', 'log', bead, '--gate', 'test');
    assert.deepEqual(
      logs.map(({ gate, path: file, text }) => [gate, text.trim(), fs.readFileSync(file, 'utf8').trim()]),
      [['test', 'all pass', 'all pass']],
    );
    assert.match((await run('mq', 'retry', bead)).stderr, /is merged already/);
    assert.match((await run('mq', 'reject', bead)).stderr, /is merged already, as [0-9a-f]{12}/);
    assert.match((await run('mq', 'status', 'toy-nothing')).stderr, /there is no merge request toy-nothing/);
  });

  it('retries what its checks have sent back until its bead failed, and runs the checks again', async () => {
    town = await CliTown.make({ settings: { max_attempts: 1 } });
    const open = path.join(town.person.home, 'open');
    await town.gt('rig', 'set', 'toy', `test=echo looking; test -f "${open}"`);
    const bead = await town.bead('Write a', 'echo a > a.txt');
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await reaches(bead, 'rejected');
    assert.equal(await statusOf(bead), 'failed');
    assert.match(await town.gt('mq', 'status', bead), /sent back[\s\S]*reason: [\s\S]*✗ test/);
    assert.match(await town.gt('mq', 'log', bead), /looking/);
    assert.match(await town.gt('mq', 'list', '--status', 'rejected'), new RegExp(bead));
    fs.writeFileSync(open, '');
    assert.match(await town.gt('mq', 'retry', bead), /is in the merge queue again/);
    await reaches(bead, 'merged');
    assert.equal(onTarget('a.txt'), 'a');
  });

  it('tests nothing again that an agent has had tested by gt verify, where the rig allows that', async () => {
    const runs = path.join(tempDir('runs'), 'runs');
    town = await CliTown.make({ gates: [`test=printf x >> '${runs}'; ! grep -q wrong *.txt`] });
    const script = (word: string): string =>
      [
        `echo ${word} > a.txt; git add a.txt; git commit --quiet -m a`,
        'gt verify > ../verified 2>&1 || true; cat ../verified',
        'echo right > a.txt; git add a.txt; git commit --quiet -m b || true; gt verify',
      ].join('\n');
    await town.gt('rig', 'set', 'toy', 'pre_verified=true');
    const bead = await town.bead('Write a', script('wrong'));
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await reaches(bead, 'merged');
    assert.equal(fs.readFileSync(runs, 'utf8').length, 2, 'once for each commit that the agent had tested');
    assert.equal(onTarget('a.txt'), 'right');
  });

  it('sends a change back without a reason, where a person says so', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'review=person');
    const bead = await town.bead('Write a', 'echo "attempt $GT_ATTEMPT" > a.txt');
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    const waits = (): Promise<void> =>
      waitUntil('it waits for a person', async () => {
        const [first] = await json<MergeRequestInfo[]>('mq', 'list', '--blocked');
        return first?.bead === bead && first.needsPerson;
      });
    await waits();
    assert.match(await town.gt('mq', 'reject', bead), /Sent .* back to its author/);
    await waits();
    assert.match((await info(bead)).reviews[0]?.message ?? '', /Ann gave no reason/);
    await town.gt('mq', 'approve', bead);
    await reaches(bead, 'merged');
    const { validation } = await info(bead);
    assert.deepEqual([validation?.quality_signals.review_approved, onTarget('a.txt')], [true, 'attempt 2']);
  });

  it('takes what a person submits for agents that were stopped, in the order that the person says, and merges it by hand', async () => {
    town = await CliTown.make();
    await town.gt('up');
    const [one, two] = [await committed('one.txt'), await committed('two.txt')];
    assert.match((await run('mq', 'submit', '--issue', one.bead)).stderr, /is working on .*stop its session first/s);
    await town.gt('down');
    for (const { agent } of [one, two]) await town.gt('stop', agent);
    await town.gt('mq', 'submit', '--issue', one.bead, '-p', '3', '-m', 'All is there');
    assert.match((await run('mq', 'submit', '--issue', one.bead)).stderr, /is in the merge queue already/);
    await town.gt('merge-queue', 'add', 'toy', two.agent.split('/').at(-1)!);
    const listed = async (): Promise<string[]> =>
      (await json<MergeRequestInfo[]>('merge-queue', 'list', 'toy')).map(({ bead }) => bead);
    assert.deepEqual(await listed(), [two.bead, one.bead], 'by priority');
    await town.gt('mq', 'reorder', one.bead, '--before', two.bead);
    assert.deepEqual(await listed(), [one.bead, two.bead]);
    await town.gt('mq', 'reorder', one.bead, '--last');
    assert.match(await town.gt('mq', 'next', 'toy'), new RegExp(`^${two.bead} `));
    assert.match(await town.gt('mq', 'next', 'toy', '--strategy', 'fifo'), new RegExp(`^${one.bead} `));
    await town.gt('mq', 'reorder', one.bead, '--first');
    const processed = await json<ProcessedRequest[]>('refinery', 'process', 'toy');
    assert.deepEqual(
      processed.map(({ state: ended }) => ended),
      ['merged', 'merged'],
    );
    assert.equal(sh(town.project, 'git', 'log', '--format=%s', 'gastown/main').split('\n')[1], 'Write one.txt');
    assert.match(await town.gt('refinery', 'process', 'toy'), /The merge queue of toy is empty/);
  });

  it('lands directly after four checks, and removes bead, branch and worktree', async () => {
    town = await CliTown.make({ gates: ['test=exit 1'] });
    await town.gt('up');
    const { bead, agent } = await committed('a.txt');
    const land = (...args: string[]): Promise<CliResult> => run('land', '--direct', agent, ...args);
    assert.match((await run('land', agent)).stderr, /work lands through the merge queue/);
    assert.match((await land()).stderr, /was not landed: its session still runs/);
    const dry = await land('--dry-run');
    assert.equal(dry.code, 1);
    assert.match(dry.stdout, /would not land[\s\S]*✗ its session has ended[\s\S]*not run: its gates pass \(test\)/);
    await town.gt('stop', agent);
    assert.match((await land()).stderr, /was not landed: the gate "test" failed with exit code 1/);
    assert.match(await town.gt('mq', 'list', '--all'), /No such merge requests/, 'nothing is left of it');
    const again = await land('--dry-run');
    assert.deepEqual([again.code, await statusOf(bead)], [0, 'hooked']);
    assert.match(again.stdout, /would land[\s\S]*added a.txt \(\+1 −0\)/);
    const result = await json<DirectLandingResult>('land', '--direct', agent, '--skip-tests');
    assert.equal(sh(town.project, 'git', 'rev-parse', 'gastown/main').trim(), result.landed);
    assert.deepEqual([onTarget('a.txt'), await statusOf(bead), branches()], ['a.txt', 'closed', '']);
    assert.match(await town.gt('mq', 'status', bead), /directly[\s\S]*landed directly by Ann \(--skip-tests\)/);
    assert.match(await town.bd('events', bead), /landed_directly/);
    assert.match((await land()).stderr, /has no work/);
  });

  it('lands directly with force what is committed, ends the session, and keeps the rest in a snapshot', async () => {
    town = await CliTown.make();
    await town.gt('up');
    const { bead, agent } = await committed('a.txt');
    const worktree = (await town.snapshot()).agents.find(({ id }) => id === agent)!.worktree!;
    fs.writeFileSync(path.join(worktree, 'draft.txt'), 'not yet');
    const result = await json<DirectLandingResult>('land', '--direct', agent, '--force');
    assert.deepEqual(
      result.checks.map(({ outcome }) => outcome),
      ['skipped', 'skipped', 'passed', 'passed'],
    );
    assert.deepEqual([await statusOf(bead), fs.existsSync(worktree)], ['closed', false]);
    assert.match(await town.gt('polecat', 'snapshots', bead), new RegExp(result.snapshot!));
    await waitUntil('its session has ended', () => town.sessions().length === 0);
  });

  it('lets no polecat land directly, and the Mayor only where the town allows it', async () => {
    town = await CliTown.make();
    const answer = path.join(town.person.home, 'answer');
    const bead = await town.bead('Try it', `gt land --direct toy/rust > "${answer}" 2>&1 || true\necho a > a.txt`);
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await reaches(bead, 'merged');
    assert.match(fs.readFileSync(answer, 'utf8'), /an agent may not land work directly/);
    assert.equal((await town.gt('config', 'mayor-may-land')).trim(), 'off');
    assert.equal((await town.gt('config', 'mayor-may-land', 'on')).trim(), 'on');
  });
});
