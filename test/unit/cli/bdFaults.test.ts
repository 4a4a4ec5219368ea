import assert from 'node:assert/strict';
import type { Bead, BlockedItem } from '../../../server/src/protocol/bead';
import { BdRunner } from './bdRunner';

/** Faults of the original that ours must not have, by their numbers in its own list, and the promises of its protocol. */
describe('what the original gets wrong', () => {
  let bd: BdRunner;
  let a: string;
  let b: string;
  let c: string;

  const idsOf = async (...words: string[]): Promise<string[]> =>
    (await bd.json<Bead[]>(...words)).map(({ id }) => id).sort();
  const show = async (id: string): Promise<Bead> => (await bd.json<Bead[]>('show', id))[0]!;

  beforeEach(async () => {
    bd = await BdRunner.open('t');
    [a, b, c] = [await bd.create('a'), await bd.create('b'), await bd.create('c')];
  });

  it('2, 3: a tree of dependencies has every level, and calls only ready what is', async () => {
    await bd.json('dep', 'add', a, b);
    await bd.json('dep', 'add', b, c);
    assert.deepEqual(await idsOf('dep', 'tree', a), [a, b, c].sort());
    assert.doesNotMatch((await bd.run('dep', 'tree', a)).out, /\[READY\]/);
    assert.match((await bd.run('dep', 'tree', c)).out, /\[READY\]/);
  });

  it('4, 9: list --status blocked is the status that was set; list --ready leaves out what waits', async () => {
    await bd.json('dep', 'add', a, b);
    await bd.json('update', c, '--status', 'blocked');
    assert.deepEqual(await idsOf('list', '--status', 'blocked'), [c]);
    assert.deepEqual(await idsOf('list', '--ready'), [b]);
    assert.deepEqual(await idsOf('ready'), [b]);
    assert.deepEqual(await idsOf('blocked'), [a, c].sort());
  });

  it('7, 8: another type stands beside the first, and a bead has one parent', async () => {
    await bd.json('dep', 'add', a, b);
    await bd.json('dep', 'add', a, b, '-t', 'related');
    assert.deepEqual(
      (await bd.json<{ dependency_type: string }[]>('dep', 'list', a)).map((edge) => edge.dependency_type).sort(),
      ['blocks', 'related'],
    );
    await bd.json('update', c, '--parent', a);
    await bd.json('update', c, '--parent', b);
    assert.deepEqual([await idsOf('children', a), await idsOf('children', b)], [[], [c]]);
  });

  it('11, 12, 14, 40, 52: nonsense, empty titles, labels and comments are refused', async () => {
    await bd.fails(/invalid status/, 'update', a, '--status', 'nonsense');
    for (const title of ['', '   ']) {
      await bd.fails(/title/, 'create', '--title', title);
      await bd.fails(/title/, 'update', a, '--title', title);
      await bd.fails(/label cannot be empty/, 'label', 'add', a, title);
      await bd.fails(/comment text cannot be empty/, 'comments', 'add', a, title);
    }
    await bd.fails(/invalid issue type/, 'create', 'x', '--type', '');
  });

  it('13, 43: what was deferred comes back by reopen, undefer and update', async () => {
    for (const way of [['reopen'], ['undefer'], ['update', '--status', 'open']]) {
      await bd.json('defer', a, '--until', '2099-01-01');
      assert.ok(!(await idsOf('ready')).includes(a));
      await bd.json(way[0]!, a, ...way.slice(1));
      assert.ok((await idsOf('ready')).includes(a), way.join(' '));
    }
    await bd.json('update', a, '--status', 'deferred');
    assert.deepEqual(await idsOf('list', '--deferred'), [a]);
  });

  it('17, 19, 25: conditional-blocks waits for a failure, waits-for for children, and both close no circle', async () => {
    await bd.json('dep', 'add', a, b, '-t', 'conditional-blocks');
    await bd.fails(/cycle/, 'dep', 'add', b, a, '-t', 'conditional-blocks');
    await bd.json('close', b, '--reason', 'done');
    assert.ok(!(await idsOf('ready')).includes(a), 'it did not fail');
    const child = await bd.create('child', '--parent', c);
    const waiting = await bd.create('waits', '--waits-for', c);
    assert.ok(!(await idsOf('ready')).includes(waiting));
    await bd.json('close', child);
    assert.ok((await idsOf('ready')).includes(waiting));
  });

  it('18: counts agree with each other', async () => {
    await bd.json('close', a);
    const { total, groups } = await bd.json<{ total: number; groups: { count: number }[] }>('count', '--by-status');
    assert.equal(
      groups.reduce((sum, { count }) => sum + count, 0),
      total,
    );
    assert.equal((await bd.json<Bead[]>('list', '--all')).length, total);
    const { summary } = await bd.json<{ summary: Record<string, number> }>('stats');
    assert.equal(summary.ready_issues, (await bd.json<Bead[]>('ready', '-n', '0')).length);
    assert.equal(summary.blocked_issues, (await bd.json<Bead[]>('blocked')).length);
  });

  it('20, 69: blocked names what is blocked through its parent; an unknown parent is an error', async () => {
    const epic = await bd.create('e', '-t', 'epic', '--deps', a);
    const child = await bd.create('child', '--parent', epic);
    const rows = await bd.json<BlockedItem[]>('blocked');
    assert.deepEqual(rows.map(({ id }) => id).sort(), [child, epic].sort());
    assert.deepEqual(await idsOf('blocked', '--parent', epic), [child]);
    await bd.fails(/no issue found/, 'blocked', '--parent', 't-none');
    await bd.fails(/no issue found/, 'children', 't-none');
  });

  it('21: no side door around the guards of close', async () => {
    await bd.json('dep', 'add', a, b);
    await bd.fails(/blocked by open issues/, 'update', a, '--status', 'closed');
    await bd.fails(/blocked by open issues/, 'close', a);
    await bd.json('close', a, '--force');
  });

  it('22, 26: what was superseded and is reopened is not superseded any longer', async () => {
    await bd.json('supersede', a, '--with', b);
    assert.equal((await show(a)).status, 'closed');
    await bd.json('reopen', a);
    assert.deepEqual(await bd.json('dep', 'list', a), []);
  });

  it('23, 27, 53: a time that is past is said and hides nothing', async () => {
    const deferred = await bd.run('update', a, '--defer', '2020-01-01');
    assert.match(deferred.err, /is in the past/);
    assert.ok((await idsOf('ready')).includes(a));
    await bd.json('create', 'late', '--due', '2020-01-01');
    assert.equal((await idsOf('list', '--overdue')).length, 1);
  });

  it('28, 44, 62: patterns of labels and several statuses', async () => {
    await bd.json('label', 'add', a, 'tech-debt');
    assert.deepEqual(await idsOf('list', '--label-pattern', 'tech-*'), [a]);
    assert.deepEqual(await idsOf('list', '--label-regex', '^tech'), [a]);
    await bd.json('close', b);
    assert.deepEqual(await idsOf('list', '--status', 'open,closed'), [a, b, c].sort());
  });

  it('29, 30, 45: options that contradict each other are refused', async () => {
    await bd.fails(/cannot be combined/, 'update', a, '--claim', '--status', 'open');
    await bd.fails(/--ready/, 'list', '--ready', '--status', 'closed');
    await bd.fails(/--assignee and --no-assignee are/, 'list', '--no-assignee', '--assignee', 'ann');
    await bd.fails(/--no-assignee/, 'list', '--no-assignee', '-a', 'ann');
    await bd.fails(/--pinned and --no-pinned are mutually exclusive/, 'list', '--pinned', '--no-pinned');
    await bd.fails(/--no-labels/, 'list', '--no-labels', '--label', 'x');
    await bd.fails(/--empty-description/, 'list', '--empty-description', '--desc-contains', 'x');
  });

  it('32, 33, 36, 37, 38, 58, 61, 63: values out of range, unknown and reversed ones are refused', async () => {
    for (const [message, ...words] of [
      [/days/, 'stale', '--days', '-1'],
      [/days/, 'stale', '--days', '0'],
      [/sort/, 'list', '--sort', 'nonsense'],
      [/sort/, 'ready', '--sort', 'nonsense'],
      [/reversed/, 'list', '--priority-min', '3', '--priority-max', '1'],
      [/reversed/, 'list', '--created-after', '2026-02-01', '--created-before', '2026-01-01'],
      [/limit/, 'list', '--limit', '-1'],
      [/invalid priority/, 'ready', '--priority', '9'],
      [/invalid issue type/, 'list', '--type', 'nonsense'],
      [/max-depth/, 'dep', 'tree', 'x', '--max-depth', '-1'],
    ] as const)
      await bd.fails(message, ...words);
  });

  it('34, 60: no circle by a new parent, nor of duplicates', async () => {
    await bd.json('update', b, '--parent', a);
    await bd.fails(/cycle/, 'update', a, '--parent', b);
    await bd.json('duplicate', c, '--of', a);
    await bd.fails(/cycle|duplicate/, 'duplicate', a, '--of', c);
  });

  it('42, 70, 71: what was not there is not said to have been removed, nor what was there to have been added', async () => {
    await bd.fails(/no dependency|not found|does not/, 'dep', 'remove', a, b);
    assert.match((await bd.run('label', 'remove', a, 'x')).out, /it did not have it/);
    await bd.json('label', 'add', a, 'x');
    assert.match((await bd.run('label', 'add', a, 'x')).out, /it had it already/);
  });

  it('46, 56, 57: children of what is closed, and reopening and undeferring of what is open', async () => {
    await bd.json('close', a);
    await bd.fails(/closed/, 'create', 'child', '--parent', a);
    assert.match((await bd.run('reopen', b)).err, /is already open/);
    await bd.fails(/is not deferred/, 'undefer', b);
  });

  it('titles, texts, labels and comments of any kind come back as they were', async () => {
    const title = `Ünï "q" 'x' \`y\` $(z) ; DROP TABLE beads; -- 🎉 <b>&amp;`;
    const id = await bd.create(
      '--title',
      title,
      '-d',
      'line 1\nline 2\n\ttab',
      '-p',
      '0',
      '-e',
      '0',
      '--external-ref',
      'gh-9',
      '--spec-id',
      's.md',
      '--metadata',
      '{"k":[1,null]}',
    );
    for (let index = 0; index < 100; index++) await bd.json('label', 'add', id, `label-${index}`);
    const before = await show(id);
    assert.deepEqual(
      [before.title, before.description, before.priority, before.estimated_minutes, before.labels?.length],
      [title, 'line 1\nline 2\n\ttab', 0, 0, 100],
    );
    const { out } = await bd.run('export');
    const other = await BdRunner.open('t');
    assert.equal((await other.runWith(out, 'import')).code, 0);
    const { updated_at: _time, ...after } = (await other.json<Bead[]>('show', id))[0]!;
    const { updated_at: _other, ...wanted } = before;
    assert.deepEqual(after, wanted);
    assert.equal((await other.run('export')).out, out);
  });
});
