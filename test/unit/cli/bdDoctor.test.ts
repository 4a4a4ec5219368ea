import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Check } from '../../../server/src/cli/bd/doctorChecks';
import type { Bead } from '../../../server/src/protocol/bead';
import { makeRepository, sh } from '../../helpers/temp';
import { BdRunner } from './bdRunner';

interface Report {
  path: string;
  checks: Check[];
  overall_ok: boolean;
}

describe('bd doctor, bd graph check and bd config drift', () => {
  let bd: BdRunner;
  const file = (): string => path.join(bd.cwd, '.beads', 'issues.jsonl');
  const append = (bead: object): void => {
    const times = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
    const whole = { status: 'open', priority: 2, issue_type: 'task', ...times, ...bead };
    fs.appendFileSync(file(), `${JSON.stringify(whole)}\n`);
  };
  const edge = (from: string, to: string, type = 'blocks') => ({
    issue_id: from,
    depends_on_id: to,
    type,
    created_at: '2026-01-01T00:00:00Z',
  });
  const statuses = (checks: readonly Check[]): Record<string, string> =>
    Object.fromEntries(checks.filter((check) => check.status !== 'ok').map((check) => [check.name, check.status]));
  const report = (...words: string[]): Promise<Report> => bd.json<Report>('doctor', ...words);

  beforeEach(async () => {
    bd = await BdRunner.open('t');
    await bd.run('sync', '--flush-only');
  });

  it('names dependencies on beads that do not exist, and removes them with --fix', async () => {
    append({ id: 't-a1', title: 'waits', dependencies: [edge('t-a1', 't-gone'), edge('t-a1', 'external:lib:x')] });
    assert.deepEqual(statuses((await report()).checks), { 'Orphaned Dependencies': 'warning' });
    const shown = await bd.run('doctor');
    assert.equal(shown.code, 0);
    assert.match(shown.out, /⚠ Orphaned Dependencies: 1 .*\n {4}t-a1 → t-gone \(blocks\)\n {4}Fix: bd doctor --fix/);
    const dry = await bd.run('doctor', '--fix', '--dry-run');
    assert.match(dry.err, /Would repair: dependency t-a1 → t-gone/);
    assert.deepEqual(statuses((await report()).checks), { 'Orphaned Dependencies': 'warning' });
    assert.deepEqual(statuses((await report('--fix')).checks), {});
    const [bead] = await bd.json<Bead[]>('show', 't-a1');
    assert.deepEqual(
      (await bd.json<Bead[]>('list', '--id', bead!.id))[0]!.dependencies?.map((each) => each.depends_on_id),
      ['external:lib:x'],
    );
  });

  it('asks before each repair with --interactive', async () => {
    append({ id: 't-a1', title: 'waits', dependencies: [edge('t-a1', 't-gone')] });
    const refused = await bd.runWith('n\n', 'doctor', '--fix', '--interactive');
    assert.match(refused.out, /^Repair: dependency t-a1 → t-gone\? \[y\/N\] /);
    assert.match(refused.out, /⚠ Orphaned Dependencies/);
    const agreed = await bd.runWith('y\n', 'doctor', '--fix', '--interactive');
    assert.doesNotMatch(agreed.out, /⚠ Orphaned Dependencies/);
  });

  it('finds cycles, children that wait for their parents, duplicates and molecules that are done', async () => {
    append({ id: 't-a1', title: 'one', dependencies: [edge('t-a1', 't-b2')] });
    append({ id: 't-b2', title: 'two', dependencies: [edge('t-b2', 't-a1')] });
    append({ id: 't-c3', title: 'same' });
    append({ id: 't-d4', title: 'same' });
    const child = { id: 't-e5.1', title: 'child', status: 'closed', closed_at: '2026-01-01T00:00:00Z' };
    append({ ...child, dependencies: [edge('t-e5.1', 't-e5', 'parent-child'), edge('t-e5.1', 't-e5')] });
    append({ id: 't-e5', title: 'done', issue_type: 'molecule' });
    append({ id: 't-f6.1', title: 'child of none' });
    const found = statuses((await report('--deep')).checks);
    assert.deepEqual(Object.keys(found).sort(), [
      'Child-Parent Dependencies',
      'Dependency Cycles',
      'Duplicate Issues',
      'Parent Consistency',
      'Stale Molecules',
    ]);
    assert.ok(!('Parent Consistency' in statuses((await report()).checks)), 'only with --deep');
    const graph = await bd.run('graph', 'check', '--json');
    assert.equal(graph.code, 1);
    const { valid, checks } = JSON.parse(graph.out) as { valid: boolean; checks: Check[] };
    assert.equal(valid, false);
    assert.match(checks[0]!.detail ?? '', /^(?:t-a1 → t-b2 → t-a1|t-b2 → t-a1 → t-b2)$/);
    const fixed = statuses((await report('--fix', '--fix-child-parent')).checks);
    assert.ok(!('Child-Parent Dependencies' in fixed));
    assert.ok('Dependency Cycles' in fixed, 'which dependency is wrong, only a person knows');
  });

  it('finds beads of tests, and deletes them only if it may', async () => {
    append({ id: 't-a1', title: 'Test-issue 7' });
    append({ id: 't-b2', title: 'Tests need a server' });
    assert.deepEqual(statuses((await report('--check', 'pollution')).checks), { 'Test Pollution': 'warning' });
    const asked = await bd.runWith('n\n', 'doctor', '--check', 'pollution', '--clean');
    assert.match(asked.out, /Delete 1 bead: t-a1\? \[y\/N\]/);
    assert.equal((await bd.json<Bead[]>('list')).length, 2);
    const json = await bd.run('doctor', '--check', 'pollution', '--clean', '--json');
    assert.equal(json.code, 0);
    assert.equal((await bd.json<Bead[]>('list')).length, 2, 'with --json it does not ask, and deletes nothing');
    await report('--check', 'pollution', '--clean', '--yes');
    assert.deepEqual(
      (await bd.json<Bead[]>('list')).map((bead) => bead.id),
      ['t-b2'],
    );
    const { checks } = await report('--check', 'validate');
    assert.deepEqual(
      checks.map((check) => check.name),
      ['JSONL Integrity', 'Duplicate Issues', 'Orphaned Dependencies', 'Test Pollution', 'Dependency Cycles'],
    );
  });

  it('reports damage alone, as an error, until it is repaired', async () => {
    append({ id: 't-a1', title: 'one' });
    fs.appendFileSync(file(), 'no bead\n');
    const damaged = await bd.run('doctor', '--json');
    assert.equal(damaged.code, 1);
    const { overall_ok, checks } = JSON.parse(damaged.out) as Report;
    assert.deepEqual([overall_ok, statuses(checks)], [false, { 'JSONL Integrity': 'error' }]);
    const fixed = await report('--fix');
    assert.deepEqual([fixed.overall_ok, statuses(fixed.checks)], [true, {}]);
  });

  it('looks at another folder, writes its report, and refuses options that do not fit', async () => {
    const elsewhere = BdRunner.without();
    await elsewhere.fails(/no beads database found/, 'doctor');
    const { path: folder } = await elsewhere.json<Report>('doctor', bd.cwd, '-o', 'report.json', '--perf');
    assert.equal(folder, bd.cwd);
    const written = JSON.parse(fs.readFileSync(path.join(elsewhere.cwd, 'report.json'), 'utf8')) as Report;
    assert.equal(written.checks.at(-1)?.name, 'Read Time');
    assert.match((await bd.run('doctor', '--verbose')).out, /✓ Dependency Cycles/);
    await bd.fails(/invalid check "nonsense"/, 'doctor', '--check', 'nonsense');
    await bd.fails(/--clean goes with --check pollution only/, 'doctor', '--clean');
    await bd.fails(/--fix-child-parent goes with --fix only/, 'doctor', '--fix-child-parent');
    await bd.fails(/--dry-run goes with --fix only/, 'doctor', '--dry-run');
    await bd.fails(/there is no folder .*none/, 'doctor', path.join(bd.cwd, 'none'));
  });

  describe('in a git repository', () => {
    beforeEach(async () => {
      bd = await BdRunner.inFolder(makeRepository({ 'README.md': 'x' }), 't');
    });

    const drift = async (): Promise<string[]> => {
      const { out } = await bd.run('config', 'drift', '--json');
      return (JSON.parse(out) as { drift: Check[] }).drift.map((check) => check.name);
    };

    it('the hooks and the merge driver of the clone are checked and installed', async () => {
      sh(bd.cwd, 'git', 'config', '--unset', 'merge.beads.driver');
      assert.deepEqual(await drift(), ['Git Hooks', 'Git Merge Driver']);
      assert.deepEqual(statuses((await report()).checks), { 'Git Hooks': 'warning', 'Git Merge Driver': 'warning' });
      const dry = await bd.json<{ would_apply: string[] }>('config', 'apply', '--dry-run');
      assert.deepEqual(dry.would_apply, ['Git Hooks', 'Git Merge Driver']);
      assert.deepEqual(await drift(), ['Git Hooks', 'Git Merge Driver']);
      const { applied } = await bd.json<{ applied: string[] }>('config', 'apply');
      assert.deepEqual(applied, ['Git Hooks', 'Git Merge Driver']);
      assert.deepEqual(await drift(), []);
      assert.equal((await bd.run('config', 'drift')).code, 0);
      assert.equal(sh(bd.cwd, 'git', 'config', 'merge.beads.driver'), 'bd merge %A %O %A %B');
    });

    it('bd doctor --fix installs them too', async () => {
      assert.deepEqual(statuses((await report('--fix')).checks), {});
      assert.ok(fs.existsSync(path.join(bd.cwd, '.git', 'hooks', 'pre-commit')));
    });

    it('of a folder looks at the repository of that folder', async () => {
      const elsewhere = BdRunner.at(makeRepository({ 'README.md': 'x' }));
      assert.ok('Git Hooks' in statuses((await elsewhere.json<Report>('doctor', bd.cwd)).checks));
      await elsewhere.json('doctor', bd.cwd, '--fix');
      assert.ok(fs.existsSync(path.join(bd.cwd, '.git', 'hooks', 'pre-commit')));
      assert.ok(!fs.existsSync(path.join(elsewhere.cwd, '.git', 'hooks', 'pre-commit')));
    });

    it('a branch for beads that is checked out is an error', async () => {
      await bd.json('config', 'set', 'sync-branch', 'main');
      const { code, out } = await bd.run('doctor');
      assert.equal(code, 1);
      assert.match(out, /✗ Sync Branch Config: sync-branch is main, which is checked out here/);
      await bd.json('config', 'set', 'sync-branch', 'beads-sync');
      assert.equal((await report()).overall_ok, true);
    });

    it('a ledger that git ignores needs no set-up', async () => {
      fs.appendFileSync(path.join(bd.cwd, '.git', 'info', 'exclude'), '.beads/\n');
      assert.deepEqual(await drift(), []);
    });

    it('a .gitignore without the files of the clone is completed', async () => {
      const ignore = path.join(bd.cwd, '.beads', '.gitignore');
      const complete = fs.readFileSync(ignore, 'utf8');
      fs.writeFileSync(ignore, '');
      assert.ok((await drift()).includes('Gitignore'));
      await bd.json('config', 'apply');
      assert.deepEqual(fs.readFileSync(ignore, 'utf8').trim().split('\n').sort(), complete.trim().split('\n').sort());
    });
  });
});
