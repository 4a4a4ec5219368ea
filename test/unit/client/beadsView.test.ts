import assert from 'node:assert/strict';
import { idsOf, readArgument } from '../../../client/src/ui/command';
import { BeadListWatch, type ShownItem, type ShownList } from '../../../client/src/features/beads/beadListWatch';
import { BeadLists, type BeadListsState } from '../../../client/src/features/beads/beadLists';
import { TownStore } from '../../../client/src/state/townStore';
import { beadRows, beadListTooltip } from '../../../client/src/features/beads/beadRows';
import type { Row } from '../../../client/src/ui/tree/row';
import { Emitter } from '../../../server/src/base/lifecycle';
import type { BoardGrouping, BoardItem, BoardList, BoardQuery } from '../../../server/src/protocol/board';
import type { BeadInfo, BeadPhase, TownDelta } from '../../../server/src/protocol/town';
import { bead as townBead, convoy, polecat, snapshot } from './samples';

const phases: Partial<Record<BeadInfo['state'], BeadPhase>> = {
  blocked: 'waiting',
  in_progress: 'working',
  in_review: 'queued',
  failed: 'failed',
  deferred: 'deferred',
  closed: 'closed',
};
const bead = (id: string, more: Partial<BeadInfo> = {}): ShownItem => ({
  kind: 'bead',
  bead: townBead(id, { convoys: [], phase: phases[more.state ?? 'ready'] ?? 'ready', ...more }),
});
const group = (key: string, count: number) => ({ kind: 'group', key, count }) as const;
const list = (...items: ShownItem[]): ShownList => ({ total: items.length, items });
const board = (lists: Record<string, ShownList> | undefined, grouping: BoardGrouping = 'state'): BeadListsState => ({
  grouping,
  filter: '',
  lists,
});

function storeOf(more: Parameters<typeof snapshot>[0] = {}): TownStore {
  const store = new TownStore();
  store.reset(snapshot(more));
  return store;
}

function drawn(rows: readonly Row[], depth = 0): string[] {
  return rows.flatMap((row) => [
    `${'  '.repeat(depth)}${row.label}${row.description ? ` | ${row.description}` : ''}`,
    ...drawn(row.children, depth + 1),
  ]);
}

const all = (rows: readonly Row[]): Row[] => rows.flatMap((row) => [row, ...all(row.children)]);

describe('the Beads tree', () => {
  it('has a group for each state, and a reason for each bead', () => {
    const store = storeOf({
      agents: [polecat('nux', { bead: 'toy-w', session: 's1' })],
    });
    const rows = beadRows(
      store,
      board({
        '': list(
          group('state:ready', 140),
          group('state:blocked', 3),
          group('state:in_progress', 2),
          group('state:in_review', 1),
          group('state:failed', 1),
          group('state:deferred', 1),
          group('state:closed', 9),
        ),
        'state:ready': {
          total: 140,
          items: [
            bead('toy-a', { priority: 0 }),
            bead('toy-b', { assignee: 'ann' }),
            bead('toy-e', { type: 'epic', progress: { done: 3, total: 7 } }),
          ],
        },
        'state:blocked': list(
          bead('toy-c', {
            state: 'blocked',
            why: [{ kind: 'waits', beads: [{ id: 'toy-3', title: 'Wall' }, { id: 'toy-4' }], more: 0 }],
          }),
          bead('toy-d', {
            state: 'blocked',
            why: [
              { kind: 'person', name: 'ann' },
              { kind: 'consent', what: 'runtime', name: 'claude' },
            ],
          }),
          bead('toy-f', { state: 'blocked' }),
        ),
        'state:in_progress': list(
          bead('toy-w', { state: 'in_progress', assignee: 'toy/polecats/nux', attempt: 2 }),
          bead('toy-x', { state: 'in_progress', assignee: 'bob' }),
        ),
        'state:in_review': list(bead('toy-m', { state: 'in_review', phase: 'merging' })),
        'state:failed': list(bead('toy-z', { state: 'failed' })),
      }),
    );
    assert.deepEqual(drawn(rows), [
      'Ready | 140',
      '  Title of toy-a | P0',
      '  Title of toy-b | P2 · ann',
      '  Title of toy-e | 3/7 · P2',
      '  Show more… | 3 of 140',
      'Blocked | 3',
      '  Title of toy-c | waiting for Wall, toy-4',
      '  Title of toy-d | assigned to ann, waiting for you to approve its runtime claude',
      '  Title of toy-f | blocked',
      'In progress | 2',
      '  Title of toy-w | nux is working · attempt 2',
      '  Title of toy-x | bob is working',
      'In review | 1',
      '  Title of toy-m | running checks',
      'Failed | 1',
      '  Title of toy-z | failed',
      'Deferred | 1',
      '  Loading…',
      'Closed | 9',
      '  Loading…',
    ]);
    assert.deepEqual(
      rows.map((row) => row.open),
      [true, true, true, true, true, false, false],
    );
    assert.equal(rows[2]?.children[0]?.context, 'bead.working.live');
    assert.equal(rows[0]?.children[2]?.context, 'bead.ready.epic');
    assert.equal(rows[1]?.children[0]?.aria, 'Bead Title of toy-c, waiting for Wall, toy-4');
    assert.deepEqual(rows[0]?.children.at(-1)?.target, { kind: 'group', id: 'state:ready' });
    assert.equal(new Set(all(rows).map((row) => row.id)).size, all(rows).length);
  });

  it('shows epics as a tree with progress, also where a bead is its own ancestor', () => {
    const epic = (id: string, more: Partial<BeadInfo> = {}): ShownItem =>
      bead(id, { progress: { done: 1, total: 2 }, ...more });
    const rows = beadRows(
      storeOf(),
      board(
        {
          '': list(epic('toy-1', { type: 'epic' }), group('loose', 1)),
          'epic:toy-1': list(epic('toy-2'), bead('toy-3', { state: 'closed' })),
          'epic:toy-2': list(epic('toy-1')),
          loose: list(bead('toy-9')),
        },
        'epic',
      ),
    );
    assert.deepEqual(drawn(rows), [
      'Title of toy-1 | 1/2 · ready',
      '  Title of toy-2 | 1/2 · ready',
      '    Title of toy-1 | 1/2 · ready',
      '  Title of toy-3 | closed',
      'No epic | 1',
      '  Title of toy-9 | ready',
    ]);
    assert.equal(new Set(all(rows).map((row) => row.id)).size, all(rows).length);
  });

  it('groups by rig, and shows hostile titles safely', () => {
    const title = `"; rm -rf ~ \u0000\n\u202e$(trash) ${'x'.repeat(10_000)}`;
    const rows = beadRows(
      storeOf(),
      board(
        {
          '': list(group('rig:toy', 1), group('rig:hq', 0)),
          'rig:toy': list(group('rig:toy/ready', 1)),
          'rig:toy/ready': list(bead('toy-a', { title })),
        },
        'rig',
      ),
    );
    assert.deepEqual(
      rows.map((row) => `${row.label} ${row.description} ${row.children.length}`),
      ['toy 1 1', 'Town 0 0'],
    );
    const row = rows[0]?.children[0]?.children[0];
    assert.ok((row?.label.length ?? 0) <= 120 && !/[\u0000-\u001f\u202e]/.test(row?.label ?? ''));
    const item = bead('toy-a', {
      title: '[click](command:evil) <img src=x>',
      why: [{ kind: 'person', name: '[x](command:evil)' }],
    });
    const tooltip = item.kind === 'bead' ? beadListTooltip(item.bead) : '';
    assert.match(row?.label ?? '', /\\u\{202e\}/);
    assert.doesNotMatch(tooltip, /(?<!\\)\]\(command|<img/);
  });

  it('shows that it is loading, and is empty without a town', () => {
    assert.deepEqual(drawn(beadRows(storeOf(), board(undefined))), ['Loading…']);
    assert.deepEqual(beadRows(new TownStore(), board(undefined)), []);
  });
});

/** The state of the town as a window follows it; what is watched is answered when a test says so. */
class FakeSync {
  readonly asked: (BoardQuery | undefined)[] = [];
  watched: BoardQuery | undefined;
  watchProblem: string | undefined;
  private readonly emitter = new Emitter<void>();
  readonly onDidWatch = this.emitter.event;

  constructor(private readonly store: TownStore) {}

  watch(query: BoardQuery | undefined): void {
    this.asked.push(structuredClone(query));
  }

  /** Answers the last query with these lists; other keys that are open have none. */
  answer(lists: BoardList[], beads: BeadInfo[] = []): void {
    this.watched = this.asked.at(-1);
    this.apply({
      lists: {
        upsert: lists,
        remove: this.store.lists.all().flatMap(({ id }) => (lists.some((one) => one.id === id) ? [] : [id])),
      },
      beads: { upsert: beads, remove: [] },
    });
    this.emitter.fire();
  }

  fail(problem: string | undefined): void {
    this.watchProblem = problem;
    this.emitter.fire();
  }

  apply(changes: TownDelta['changes']): void {
    this.store.apply({ from: this.store.revision, to: this.store.revision + 1, changes });
  }
}

describe('the lists of the Beads view', () => {
  let store: TownStore;
  let sync: FakeSync;
  let memory: Map<string, unknown>;
  let watch: BeadListWatch;
  let lists: BeadLists;

  beforeEach(() => {
    store = storeOf();
    sync = new FakeSync(store);
    memory = new Map();
    watch = new BeadListWatch(store, sync);
    lists = openLists();
  });
  afterEach(() => {
    lists.dispose();
    watch.dispose();
  });

  const openLists = (): BeadLists =>
    new BeadLists(watch, {
      get: (key) => memory.get(key),
      update: async (key, value) => void memory.set(key, value),
    });
  const items = (...ids: string[]): BoardItem[] => ids.map((id) => ({ kind: 'bead', id }));
  const top: BoardList = { id: '', total: 1, items: [{ kind: 'group', key: 'state:ready', count: 300 }] };
  const ready = (...ids: string[]): BoardList => ({ id: 'state:ready', total: 300, items: items(...ids) });
  const openKeys = (): string[] | undefined => sync.asked.at(-1)?.open.map(({ key, limit }) => `${key} ${limit}`);
  const titles = (key: string): string[] | undefined =>
    lists.lists?.[key]?.items.flatMap((item) => (item.kind === 'bead' ? [item.bead.title] : []));

  it('are watched only while they are shown, and stay as they are while they are hidden', () => {
    lists.setVisible(false);
    assert.deepEqual(sync.asked, [undefined]);
    lists.setVisible(true);
    assert.deepEqual(sync.asked.at(-1), { grouping: 'state', text: '', open: [] });
    assert.equal(lists.lists, undefined);
    lists.open('state:ready');
    sync.answer([top, ready('toy-a')], [townBead('toy-a')]);
    lists.setVisible(false);
    assert.equal(sync.asked.at(-1), undefined);
    sync.answer([]);
    sync.apply({ beads: { upsert: [], remove: ['toy-a'] } });
    assert.deepEqual(titles('state:ready'), ['Title of toy-a']);
    assert.ok(lists.get('toy-a'));
    lists.setVisible(true);
    assert.deepEqual(openKeys(), ['state:ready 100']);
  });

  it('follow the store without asking: a list, and a bead of it', () => {
    lists.setVisible(true);
    lists.open('state:ready');
    sync.answer([top, ready('toy-a')], [townBead('toy-a')]);
    const asked = sync.asked.length;
    let changes = 0;
    watch.onDidChange(() => changes++);
    sync.apply({ beads: { upsert: [townBead('toy-a', { title: 'New' })], remove: [] } });
    assert.deepEqual(titles('state:ready'), ['New']);
    sync.apply({
      lists: { upsert: [ready('toy-b', 'toy-a')], remove: [] },
      beads: { upsert: [townBead('toy-b')], remove: [] },
    });
    assert.deepEqual(titles('state:ready'), ['Title of toy-b', 'New']);
    assert.equal(changes, 2);
    sync.apply({
      agents: { upsert: [polecat('nux')], remove: [] },
      convoys: { upsert: [convoy('hq-c1', [])], remove: [] },
    });
    assert.equal(changes, 2, 'the lists do not depend on these');
    assert.equal(sync.asked.length, asked);
  });

  it('are those that are expanded, a page of each; collapsing one asks nothing', () => {
    lists.setVisible(true);
    lists.open('state:ready');
    lists.open('state:closed');
    lists.open('state:ready');
    assert.deepEqual(openKeys(), ['state:ready 100', 'state:closed 20']);
    sync.answer([top, ready('toy-a'), { id: 'state:closed', total: 0, items: [] }], [townBead('toy-a')]);
    const asked = sync.asked.length;
    lists.close('state:closed');
    lists.open('state:closed');
    assert.equal(sync.asked.length, asked, 'it is watched already');
    lists.more('state:ready');
    assert.deepEqual(openKeys(), ['state:ready 200', 'state:closed 20']);
    for (let index = 0; index < 300; index++) lists.open(`epic:toy-${index}`);
    assert.equal(openKeys()?.length, 200, 'as many as a server takes');
    assert.equal(openKeys()?.at(-1), 'epic:toy-299 100');
  });

  it('forget a list that the server does not know', () => {
    lists.setVisible(true);
    lists.open('state:ready');
    lists.open('epic:toy-gone');
    sync.answer([top, ready()]);
    lists.open('state:failed');
    assert.deepEqual(openKeys(), ['state:ready 100', 'state:failed 100']);
  });

  it('start over with another grouping, which is remembered, and with a filter', () => {
    lists.setVisible(true);
    lists.open('state:ready');
    lists.setGrouping('epic');
    assert.deepEqual(sync.asked.at(-1), { grouping: 'epic', text: '', open: [] });
    lists.setFilter('  stars ');
    assert.equal(sync.asked.at(-1)?.text, 'stars');
    lists.dispose();
    lists = openLists();
    assert.deepEqual([lists.grouping, lists.filter], ['epic', '']);
    memory.set('gastown.beadGrouping', 'nonsense');
    lists.dispose();
    lists = openLists();
    assert.equal(lists.grouping, 'state');
  });

  it('stay until those of the next grouping arrive, and ignore an answer to the earlier one', () => {
    lists.setVisible(true);
    sync.answer([top]);
    lists.setGrouping('rig');
    sync.watched = { grouping: 'state', text: '', open: [] };
    sync.apply({ lists: { upsert: [{ ...top, items: [] }], remove: [] } });
    assert.equal(lists.lists?.['']?.items.length, 1);
    sync.answer([{ id: '', total: 1, items: [{ kind: 'group', key: 'rig:toy', count: 2 }] }]);
    assert.deepEqual(lists.lists?.['']?.items, [group('rig:toy', 2)]);
  });

  it('stay after a failure, which is reported until the next answer, and go with the town', () => {
    lists.setVisible(true);
    sync.answer([top]);
    sync.fail('no server');
    assert.equal(lists.problem, 'no server');
    assert.ok(lists.lists);
    sync.fail(undefined);
    assert.equal(lists.problem, undefined);
    store.clear();
    assert.equal(lists.lists, undefined);
  });
});

describe('the beads that a command is about', () => {
  const node = (id: string, kind = 'bead') => ({ row: { target: { kind, id } } });

  it('are the selection, or the row, or the parameters of a program', () => {
    assert.deepEqual(idsOf(readArgument(node('a'), [node('a'), node('b'), node('g', 'group'), node('b')]), 'bead'), [
      'a',
      'b',
    ]);
    assert.deepEqual(idsOf(readArgument(node('a'), undefined), 'bead'), ['a']);
    assert.deepEqual(idsOf(readArgument(node('a'), 'nonsense'), 'bead'), ['a']);
    assert.deepEqual(idsOf(readArgument({ bead: 'a' }), 'bead'), ['a']);
    assert.deepEqual(idsOf(readArgument({ beads: ['a', 'b'] }), 'bead'), ['a', 'b']);
    assert.deepEqual(idsOf(readArgument({ beads: [7] }), 'bead'), []);
    assert.deepEqual(idsOf(readArgument(undefined), 'bead'), []);
  });
});
