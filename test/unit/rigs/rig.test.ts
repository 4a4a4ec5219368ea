import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { agentGitSettings } from '../../../server/src/agents/gitSettings';
import { AbortedError } from '../../../server/src/base/abort';
import { UserError } from '../../../server/src/base/errors';
import { GateResults } from '../../../server/src/rigs/gateResults';
import { Rig } from '../../../server/src/rigs/rig';
import { changeSettings } from '../../../server/src/rigs/setup';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { commandsOf, gatesOf, rigSettingsFile, townSettingsFile } from '../../../server/src/town/config';
import { TownLayout } from '../../../server/src/town/layout';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const AGENT = 'toy/polecats/rust';
const BRANCH = 'polecat/rust/toy-1@abc';

async function rigOf(folder: string, accepted = true): Promise<Rig> {
  const town = new TownLayout(tempDir('town'));
  const source = await inspectSource(folder);
  const repository = new RigRepository(town.rig('toy').repository, source);
  await repository.create();
  const config = {
    type: 'rig' as const,
    version: 1,
    name: 'toy',
    git_url: folder,
    folder: true,
    default_branch: 'main',
    created_at: '',
    beads: { prefix: 'toy' },
  };
  return new Rig(
    town,
    config,
    repository,
    async () => ({ ...process.env, ...agentGitSettings() }),
    () => 'example.org',
    () => accepted,
  );
}

/** A commit by the agent itself in its worktree. */
function agentCommits(rig: Rig, files: Record<string, string>): string {
  const directory = rig.layout.polecatWorktree('rust');
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(directory, file), text);
  sh(directory, 'git', 'add', '--all');
  sh(
    directory,
    'git',
    '-c',
    `user.name=${AGENT}`,
    'commit',
    '--quiet',
    '-m',
    'work',
    `--author=${AGENT} <a@example.org>`,
  );
  return sh(directory, 'git', 'rev-parse', 'HEAD');
}

const request = { bead: 'toy-1', title: 'One', branch: BRANCH, attempt: 1 };

describe('a rig on disk', () => {
  it('makes the same worktree however often it is asked, and keeps a frozen script as it was', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    const first = await rig.prepareWorktree('rust', { ...request, script: ['one'] });
    const commit = agentCommits(rig, { 'b.txt': 'b' });
    assert.deepEqual(await rig.prepareWorktree('rust', { ...request, script: ['other'] }), first);
    assert.deepEqual(rig.frozenScript('rust', BRANCH), { blocks: ['one'] });
    assert.equal(rig.frozenScript('rust', 'another'), undefined);
    assert.equal(await rig.branchTip(BRANCH), commit);
  });

  it('does not fall over what an agent left in its folder', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    await rig.prepareWorktree('rust', request);
    fs.writeFileSync(rig.layout.assignment('rust'), '{torn');
    fs.writeFileSync(path.join(rig.layout.polecats, '.DS_Store'), '');
    assert.deepEqual(rig.worktrees(), [{ name: 'rust', bead: undefined }]);
  });

  for (const [what, damage] of [
    ['a repository of its own', 'rm .git && git init -q'],
    ['one with commits', 'rm .git && git init -q && git add -A && git commit -qm own'],
    ['a link elsewhere', 'echo "gitdir: /nowhere" > .git'],
  ] as const)
    it(`removes nothing that git cannot keep: the worktree is now ${what}`, async () => {
      const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
      await rig.prepareWorktree('rust', request);
      const directory = rig.layout.polecatWorktree('rust');
      fs.writeFileSync(path.join(directory, 'precious.txt'), '!');
      sh(directory, 'sh', '-c', damage);
      await assert.rejects(rig.retireWorktree('rust', 'toy-1'));
      assert.equal(fs.readFileSync(path.join(directory, 'precious.txt'), 'utf8'), '!');
    });

  for (const [what, damage] of [
    ['its index', 'echo broken > "$(git rev-parse --git-dir)/index"'],
    ['its file .git', 'rm .git'],
    ['HEAD', ': > "$(git rev-parse --git-dir)/HEAD"'],
  ] as const)
    it(`keeps a snapshot of a worktree without ${what}`, async () => {
      const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
      await rig.prepareWorktree('rust', request);
      const directory = rig.layout.polecatWorktree('rust');
      fs.writeFileSync(path.join(directory, 'precious.txt'), '!');
      sh(directory, 'sh', '-c', damage);
      await rig.retireWorktree('rust', 'toy-1');
      const snapshot = sh(rig.repository.directory, 'git', 'for-each-ref', '--format=%(refname)', 'refs/gastown');
      assert.equal(sh(rig.repository.directory, 'git', 'show', `${snapshot}:precious.txt`), '!');
    });

  it('keeps a snapshot of each try, also of ids that are not names', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    for (const [attempt, branch] of ['polecat/rust/x@one', 'polecat/rust/x@two'].entries()) {
      await rig.prepareWorktree('rust', { ...request, bead: 'toy-a./../b.lock', branch, attempt });
      agentCommits(rig, { [`${attempt}.txt`]: 'x' });
      await rig.retireWorktree('rust', 'toy-a./../b.lock');
      assert.equal(await rig.branchTip(branch), undefined);
    }
    const refs = sh(rig.repository.directory, 'git', 'for-each-ref', '--format=%(refname)', 'refs/gastown').split('\n');
    assert.deepEqual(refs, ['refs/gastown/snapshots/toy-a_b_lock/one', 'refs/gastown/snapshots/toy-a_b_lock/two']);
  });

  it('takes work that was rebased onto what a person committed', async () => {
    const folder = makeRepository({ 'a.txt': 'a' });
    const rig = await rigOf(folder);
    const { base } = await rig.prepareWorktree('rust', request);
    agentCommits(rig, { 'b.txt': 'b' });
    commitFiles(folder, { 'theirs.txt': 't' }, 'By Ann');
    const { commit: target } = await rig.landingBase();
    sh(rig.layout.polecatWorktree('rust'), 'git', 'rebase', '--quiet', target);
    const { commit } = await rig.submittable('rust', { branch: BRANCH, bases: [base, target], authors: [AGENT] });
    assert.equal(commit, sh(rig.layout.polecatWorktree('rust'), 'git', 'rev-parse', 'HEAD'));
  });

  it('takes no work that would change nothing, would lack files in a clone, or stands in the middle of a rebase', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    const { base } = await rig.prepareWorktree('rust', request);
    const directory = rig.layout.polecatWorktree('rust');
    const submit = (): Promise<unknown> => rig.submittable('rust', { branch: BRANCH, bases: [base], authors: [AGENT] });
    agentCommits(rig, { 'b.txt': 'b' });
    sh(directory, 'git', 'rm', '--quiet', 'b.txt');
    agentCommits(rig, {});
    await assert.rejects(submit(), /nothing to merge: the commits on this branch change nothing/);
    makeRepository({ 'tool.txt': 'tool' }, 'main', path.join(directory, 'tool'));
    await assert.rejects(submit(), /tool is a git repository inside the worktree/);
    agentCommits(rig, {});
    await assert.rejects(submit(), /tool is a git repository inside the worktree/);
    fs.rmSync(path.join(directory, 'tool', '.git'), { recursive: true });
    await assert.rejects(submit(), /tool is a separate git repository|uncommitted/);
    sh(directory, 'git', 'rm', '-r', '--quiet', '--cached', 'tool');
    const commit = agentCommits(rig, {});
    assert.deepEqual(await submit(), { commit });
    assert.throws(() => sh(directory, 'git', 'rebase', '--quiet', '--exec', 'false', base));
    await assert.rejects(
      submit(),
      (error: unknown) =>
        error instanceof UserError && /rebase is in progress/.test(error.message) && /--abort/.test(error.hint!),
    );
  });

  it('is not sure of work that git cannot read', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    await rig.prepareWorktree('rust', request);
    assert.equal(await rig.hasUnsubmittedWork('rust'), false);
    const directory = rig.layout.polecatWorktree('rust');
    fs.writeFileSync(path.join(sh(directory, 'git', 'rev-parse', '--absolute-git-dir'), 'index'), 'broken');
    assert.equal(await rig.hasUnsubmittedWork('rust'), true);
  });

  it('gives the review command the whole change, byte for byte, and a reviewer as much as anybody reads', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const base = sh(folder, 'git', 'rev-parse', 'HEAD');
    fs.writeFileSync(path.join(folder, 'latin.txt'), Buffer.from([0xe4, 0x0a]));
    const commit = commitFiles(folder, { 'long.txt': 'a line\n'.repeat(100_000) }, 'long');
    const rig = await rigOf(folder);
    rigSettingsFile(rig.layout).update((settings) => {
      settings.review = 'script';
      settings.review_command = 'git apply --check -R "$GT_DIFF_FILE" && wc -c < "$GT_DIFF_FILE"';
    });
    const { code, output } = await rig.runReview({ mergeRequest: 'toy-m', bead: undefined, commit, base });
    assert.equal(code, 0, output);
    assert.ok(Number(output) > 800_000, output);
    assert.ok(
      fs
        .readFileSync(path.join(rig.layout.reviewer('script'), 'change.diff'))
        .includes(Buffer.from([0x2b, 0xe4, 0x0a])),
    );
    const read = await rig.diff(base, commit);
    assert.ok(read.length > 60_000 && read.length <= 250_000, String(read.length));
  });

  it('lands one commit, by the agent, of a branch that has several', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    await rig.prepareWorktree('rust', request);
    agentCommits(rig, { 'b.txt': 'wrong' });
    const tip = agentCommits(rig, { 'b.txt': 'right' });
    const { commit: base, expected } = await rig.landingBase();
    const result = await rig.rebase(tip, base, { bead: 'toy-1', title: 'One', worker: AGENT, bases: [] });
    assert.ok(result.kind === 'clean');
    assert.deepEqual(
      sh(rig.repository.directory, 'git', 'log', '-1', '--format=%an|%cn|%s|%P', result.commit),
      `${AGENT}|toy/refinery|One|${base}`,
    );
    assert.equal(await rig.land(result.commit, { commit: base, expected }), true);
    assert.equal(await rig.hasLanded(result.commit), true);
    assert.equal(await rig.hasLanded(tip), false);
  });

  it('tests the same files with the same commands once, until a person asks again', async () => {
    const folder = makeRepository({ 'a.txt': 'a' });
    const commit = sh(folder, 'git', 'rev-parse', 'HEAD');
    const same = commitFiles(folder, {}, 'The same files');
    const rig = await rigOf(folder);
    const runs = path.join(tempDir('runs'), 'runs');
    const count = (): number => (fs.existsSync(runs) ? fs.readFileSync(runs, 'utf8').length : 0);
    const test = (command: string): void =>
      void rigSettingsFile(rig.layout).update((settings) => {
        settings.merge_queue.test_command = `printf x >> '${runs}'; ${command}`;
      });
    const run = async (of: string): Promise<boolean> =>
      (await rig.runGates(of, { mergeRequest: 'm' }, () => undefined)).passed;
    test('true');
    assert.deepEqual([await run(commit), await run(same), count()], [true, true, 1]);
    test('false');
    assert.deepEqual([await run(commit), await run(same), count()], [false, false, 2]);
    rig.forgetFailedGates();
    assert.deepEqual([await run(commit), count()], [false, 3]);
    test('kill -9 $$');
    assert.deepEqual(
      [await run(commit), await run(commit), count()],
      [false, false, 5],
      'that says nothing of the files',
    );
    test('true');
    assert.deepEqual([await run(commit), count()], [true, 5]);
  });

  it('runs gates at the same time where it is set so, and says which of them changed the tree', async () => {
    const folder = makeRepository({ 'a.txt': 'a' });
    const commit = sh(folder, 'git', 'rev-parse', 'HEAD');
    const rig = await rigOf(folder);
    const meeting = tempDir('meeting');
    const meet = (name: string, others: string[]): string =>
      [
        `touch '${meeting}/${name}'`,
        ...others.map((other) => `until test -e '${meeting}/${other}'; do sleep 0.05; done`),
      ].join('; ');
    const set = (commands: Record<string, string>): void =>
      void rigSettingsFile(rig.layout).update((settings) => {
        Object.assign(settings.merge_queue, commands, { parallel: true });
      });
    set({ lint_command: meet('lint', ['build']), build_command: meet('build', ['lint']) });
    assert.deepEqual(await rig.runGates(commit, { mergeRequest: 'm' }, () => undefined), { passed: true });
    set({ lint_command: 'true', build_command: 'echo changed > a.txt' });
    const result = await rig.runGates(commit, { mergeRequest: 'm' }, () => undefined);
    assert.match(result.passed ? '' : `${result.gate} ${result.problem}`, /^build changed the tree.*a\.txt/);
    set({ build_command: 'exit 4', lint_command: 'sleep 600' });
    const failed = await rig.runGates(commit, { mergeRequest: 'm' }, () => undefined);
    assert.equal(failed.passed ? '' : failed.problem, 'failed with exit code 4', 'the other is ended');
  });

  it('runs the gates of the parts that a change touches alone, and knows them where others have changed', async () => {
    const folder = makeRepository({ 'a/x.txt': '1', 'b/x.txt': '1', 'c.txt': '1' });
    const rig = await rigOf(folder);
    const runs = path.join(tempDir('runs'), 'runs');
    const of = (files: Record<string, string>): string => commitFiles(folder, files, 'One');
    rigSettingsFile(rig.layout).update((settings) => {
      Object.assign(settings.merge_queue, {
        lint_command: `echo lint >> '${runs}'`,
        test_command: `echo test >> '${runs}'; ! grep -q wrong a/x.txt`,
        targets: { a: { paths: ['a/'], gates: ['test'] }, b: { paths: ['b/'], gates: ['lint'] } },
      });
    });
    const run = async (commit: string, base?: string) => {
      fs.writeFileSync(runs, '');
      const result = await rig.runGates(commit, { mergeRequest: 'm', base }, () => undefined);
      return [result.passed ? (result.gates ?? 'all') : result.gate, fs.readFileSync(runs, 'utf8')];
    };
    const base = sh(folder, 'git', 'rev-parse', 'HEAD');
    const [a, ab, shared] = [of({ 'a/x.txt': '2' }), of({ 'b/x.txt': '2' }), of({ 'c.txt': '2' })];
    const wrong = of({ 'a/x.txt': 'wrong' });
    await rig.repository.fetch();
    assert.deepEqual(await run(a, base), [['test'], 'test\n']);
    assert.deepEqual(await run(ab, a), [['lint'], 'lint\n']);
    assert.deepEqual(await run(ab, base), [['lint', 'test'], 'lint\ntest\n'], 'both have changed');
    assert.deepEqual(await run(shared, ab), ['all', 'lint\ntest\n'], 'a file of none may matter to all');
    assert.deepEqual(await run(wrong, shared), ['test', 'test\n']);
    assert.deepEqual(await run(base, base), ['all', 'lint\ntest\n'], 'the target is tested as a whole');
    // The same files of a, on top of other files of b.
    sh(folder, 'git', 'checkout', '--quiet', '--detach', base);
    const otherB = of({ 'b/x.txt': '3' });
    const again = of({ 'a/x.txt': '2' });
    sh(folder, 'git', 'branch', 'other');
    await rig.repository.fetch();
    assert.deepEqual(await run(again, otherB), [['test'], '']);
    assert.throws(
      () =>
        rigSettingsFile(rig.layout).update((settings) => {
          settings.merge_queue.targets = { a: { paths: [], gates: ['test'] } };
        }),
      UserError,
    );
  });

  it('tests several commits side by side, each in a checkout of its own, and one commit once', async () => {
    const folder = makeRepository({ 'a.txt': 'zero' });
    const rig = await rigOf(folder);
    const commits = ['one', 'two', 'three'].map((text) => commitFiles(folder, { 'a.txt': text }, text));
    await rig.repository.fetch();
    const meeting = tempDir('meeting');
    const runs = path.join(meeting, 'runs');
    const set = (gate_runs: number, test_command: string): void =>
      void rigSettingsFile(rig.layout).update((settings) => {
        Object.assign(settings.merge_queue, { gate_runs, test_command });
      });
    const run = (commit: string, more: { isSpare?: boolean } = {}) =>
      rig.runGates(commit, { mergeRequest: 'm', ...more }, () => undefined);
    const [one, two, three] = commits as [string, string, string];
    set(
      2,
      `touch '${meeting}'/$(cat a.txt); until test -e '${meeting}/one' -a -e '${meeting}/two'; do sleep 0.05; done`,
    );
    assert.deepEqual(await Promise.all([run(one), run(two)]), [{ passed: true }, { passed: true }]);
    set(2, `echo run >> '${runs}'; sleep 0.2`);
    await Promise.all([run(one), run(one), run(one)]);
    assert.equal(fs.readFileSync(runs, 'utf8'), 'run\n');
    set(2, `until test -e '${meeting}/go'; do sleep 0.05; done`);
    const first = run(one);
    const spare = run(two, { isSpare: true });
    await assert.rejects(run(three, { isSpare: true }), AbortedError, 'nothing is free for what nobody waits for');
    fs.writeFileSync(path.join(meeting, 'go'), '');
    assert.deepEqual(await Promise.all([first, spare]), [{ passed: true }, { passed: true }]);
    set(1, `mkdir '${meeting}/alone' && sleep 0.1 && rmdir '${meeting}/alone'`);
    assert.deepEqual(await Promise.all([run(one), run(two), run(three)]), Array(3).fill({ passed: true }));
  });

  it('takes the settings of its merge queue by name, and refuses what does not fit', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    const set = (settings: Parameters<typeof changeSettings>[1]['settings']) =>
      changeSettings(rig, { name: 'toy', settings, gates: { test: 'true' }, targets: {} }, undefined).merge_queue;
    const { mode, max_batch, flaky_retries, parallel, gate_runs } = set({});
    assert.deepEqual([mode, max_batch, flaky_retries, parallel, gate_runs], ['batch', 16, 1, false, undefined]);
    assert.ok(rig.mergeQueue.gateRuns >= 1 && rig.mergeQueue.gateRuns <= 4, 'by the machine');
    const changed = set({ merge_mode: 'each', max_batch: '8', flaky_retries: '0', parallel: 'true', gate_runs: '3' });
    assert.deepEqual(
      [changed.mode, changed.max_batch, changed.flaky_retries, changed.parallel, changed.test_command],
      ['each', 8, 0, true, 'true'],
    );
    assert.deepEqual(rig.mergeQueue, {
      mode: 'each',
      strategy: 'squash',
      flakyRetries: 0,
      checksBeforeReview: true,
      preVerified: false,
      gateRuns: 3,
    });
    set({ merge_mode: '', merge_strategy: 'merge' });
    assert.equal(rig.mergeQueue.strategy, 'merge');
    townSettingsFile(new TownLayout(path.dirname(rig.layout.root))).update((town) => {
      town.merge_strategy = 'rebase';
    });
    assert.equal(rig.mergeQueue.strategy, 'merge', "the rig's own word counts");
    set({ merge_strategy: '' });
    assert.equal(rig.mergeQueue.strategy, 'rebase', 'the town says it for rigs that do not');
    set({ merge_strategy: 'direct' });
    assert.equal(rig.mergeQueue.strategy, 'squash', 'as the Go gt writes it');
    assert.equal(rig.mergeQueue.mode, 'batch');
    for (const wrong of [
      { merge_mode: 'some' },
      { merge_strategy: 'octopus' },
      { max_batch: '0' },
      { parallel: 'perhaps' },
      { flaky_retries: 'true' },
      { gate_runs: '0' },
    ])
      assert.throws(() => set(wrong), UserError, JSON.stringify(wrong));
  });

  it('takes parts of the repository by their names, whose gates the rig has to have', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    const set = (targets: Parameters<typeof changeSettings>[1]['targets'], gates = {}) =>
      changeSettings(rig, { name: 'toy', settings: {}, gates, targets }, undefined).merge_queue.targets;
    const docs = { paths: ['docs/**'], gates: ['lint' as const] };
    const api = { paths: ['api/'], gates: [] };
    assert.throws(() => set({ docs }), /toy has no gate lint, which its part docs is to run/);
    assert.deepEqual(set({ docs, api }, { lint: 'true' }), { docs, api });
    assert.deepEqual(set({}), { docs, api }, 'the others stay');
    assert.deepEqual(set({ api: null }), { docs });
    assert.throws(() => set({ '../x': api }), UserError);
    assert.throws(() => set({ x: { paths: [], gates: [] } }), UserError);
  });

  it('gives gates their limits and variables, which are accepted with the commands and part of what a result is kept for', async () => {
    const rig = await rigOf(makeRepository({ 'a.txt': 'a' }));
    const settings = changeSettings(
      rig,
      {
        name: 'toy',
        settings: { gate_memory_mb: '512', gate_processes: '64', gate_timeout: '30' },
        gates: { lint: 'true', test: 'true' },
        targets: {},
      },
      undefined,
    );
    assert.deepEqual(gatesOf(settings), [
      { name: 'lint', command: 'true', timeoutSeconds: 30, limits: { memoryMb: 512, processes: 64 } },
      { name: 'test', command: 'true', timeoutSeconds: 30, limits: { memoryMb: 512, processes: 64 } },
    ]);
    const changed = rigSettingsFile(rig.layout).update(({ merge_queue: queue }) => {
      queue.gate_limits = { test: { memory_mb: 2048 } };
      queue.env = { CACHE: '/srv/cache' };
    });
    const test = gatesOf(changed).at(-1)!;
    assert.deepEqual([test.limits, test.env], [{ memoryMb: 2048, processes: 64 }, { CACHE: '/srv/cache' }]);
    assert.deepEqual(commandsOf(changed).at(-1), { name: 'env', command: 'CACHE=/srv/cache', timeoutSeconds: 30 });
    const results = new GateResults();
    results.set({ tree: 't', gate: test, needs: [] }, { passed: true });
    assert.equal(results.get({ tree: 't', gate: { ...test, limits: undefined }, needs: [] })?.passed, true);
    assert.equal(results.get({ tree: 't', gate: { ...test, env: { CACHE: '/tmp' } }, needs: [] }), undefined);
    assert.throws(
      () => changeSettings(rig, { name: 'toy', settings: { gate_processes: '0' }, gates: {}, targets: {} }, undefined),
      UserError,
    );
  });

  it('runs gates only while they are accepted, and fails one that changes the tree', async () => {
    const folder = makeRepository({ 'a.txt': 'a' });
    const commit = sh(folder, 'git', 'rev-parse', 'HEAD');
    const refused = await rigOf(folder, false);
    await assert.rejects(
      refused.runGates(commit, { mergeRequest: 'm' }, () => undefined),
      (error: unknown) => error instanceof UserError && error.code === 'consent',
    );
    const rig = await rigOf(folder);
    rigSettingsFile(rig.layout).update((settings) => {
      settings.merge_queue.test_command = 'echo changed > a.txt';
    });
    const seen: string[] = [];
    const result = await rig.runGates(commit, { mergeRequest: 'toy-m' }, (gate, outcome) =>
      seen.push(`${gate.name} ${outcome}`),
    );
    assert.ok(!result.passed && /changed the tree.*a\.txt/.test(result.problem));
    assert.deepEqual(seen, ['test started', 'test failed']);
  });
});

describe('gates of a rig see exactly the commit', () => {
  for (const [what, command] of [
    ['assume-unchanged', 'git update-index --assume-unchanged a.txt && echo edited > a.txt'],
    ['skip-worktree', 'git update-index --skip-worktree a.txt && echo edited > a.txt'],
    [
      'an index that was rewritten',
      'echo edited > a.txt && git add a.txt && git update-index --assume-unchanged a.txt',
    ],
    ['the old time and size', 'cp -p a.txt /tmp/$$ && printf "edit" > a.txt && touch -r /tmp/$$ a.txt && rm /tmp/$$'],
    ['a file that is taken away', 'git update-index --assume-unchanged a.txt && rm a.txt'],
  ] as const)
    it(`a gate that edits a file behind ${what} fails, and the next merge is tested with what was committed`, async () => {
      const project = makeRepository(
        { 'a.txt': 'good', 'b.txt': 'b' },
        'main',
        path.join(tempDir('project'), 'project'),
      );
      const rig = await rigOf(project);
      const settings = rigSettingsFile(rig.layout);
      settings.update((value) => {
        value.merge_queue.test_command = command;
      });
      await rig.prepareWorktree('rust', request);
      const first = agentCommits(rig, { 'new.txt': 'new' });
      const outwitted = await rig.runGates(first, { mergeRequest: 'mr-1' }, () => undefined);
      assert.equal(outwitted.passed, false);
      assert.match(outwitted.passed ? '' : outwitted.problem, /changed the tree that it should only test \(.*a\.txt/);
      settings.update((value) => {
        value.merge_queue.test_command = 'test "$(cat a.txt)" = good';
      });
      const second = agentCommits(rig, { 'more.txt': 'more' });
      assert.deepEqual(await rig.runGates(second, { mergeRequest: 'mr-2' }, () => undefined), { passed: true });
    });

  for (const [what, sabotage] of [
    ['a replaced blob', 'git replace HEAD:a.txt HEAD~1:a.txt'],
    ['a replaced tree', 'git replace "HEAD^{tree}" "HEAD~1^{tree}"'],
    ['a replaced commit', 'git replace HEAD HEAD~1'],
    [
      'attributes of the repository',
      'echo "a.txt text eol=crlf" > "$(git rev-parse --git-common-dir)/info/attributes"',
    ],
    ['a graft', 'git rev-parse HEAD > "$(git rev-parse --git-common-dir)/info/grafts"'],
  ] as const)
    it(`${what} that an agent has put into the repository changes nothing for them`, async () => {
      const rig = await rigOf(makeRepository({ 'a.txt': 'good\n' }));
      rigSettingsFile(rig.layout).update((value) => {
        value.merge_queue.test_command =
          'test "$(od -c a.txt)" = "$(printf "bad\\n" | od -c)" && test "$(git show HEAD:a.txt)" = bad && git rev-parse HEAD~1';
      });
      await rig.prepareWorktree('rust', request);
      const commit = agentCommits(rig, { 'a.txt': 'bad\n' });
      fs.mkdirSync(path.join(rig.repository.directory, 'info'));
      sh(rig.layout.polecatWorktree('rust'), 'sh', '-c', sabotage);
      assert.deepEqual(await rig.runGates(commit, { mergeRequest: 'mr-1' }, () => undefined), { passed: true });
    });
});
