import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { idsOf, readArgument } from '../../../client/src/ui/command';
import { BeadListLoader } from '../../../client/src/features/beads/beadListLoader';
import { BeadLists, type BeadListsState } from '../../../client/src/features/beads/beadLists';
import { TownStore } from '../../../client/src/state/townStore';
import type { ServerConnection } from '../../../client/src/connection/serverConnection';
import { beadRows, beadListTooltip } from '../../../client/src/features/beads/beadRows';
import type { Row } from '../../../client/src/ui/tree/row';
import type { BoardBead, BoardGrouping, BoardItem, BoardList } from '../../../server/src/protocol/board';
import type { TownDelta } from '../../../server/src/protocol/town';
import { bead as townBead, convoy, escalation, polecat, rig, snapshot, town } from './samples';

const bead = (id: string, more: Partial<BoardBead> = {}): BoardItem => ({
  kind: 'bead',
  bead: {
    id,
    title: `Title of ${id}`,
    type: 'task',
    status: 'open',
    priority: 2,
    state: 'ready',
    ledger: 'toy',
    why: [],
    ...more,
  },
});
const group = (key: string, count: number): BoardItem => ({ kind: 'group', key, count });
const list = (...items: BoardItem[]): BoardList => ({ total: items.length, items });
const board = (lists: Record<string, BoardList> | undefined, grouping: BoardGrouping = 'state'): BeadListsState => ({
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
      beads: [
        townBead('toy-w', { phase: 'working', assignee: 'toy/polecats/nux', attempt: 2 }),
        townBead('toy-m', { phase: 'merging', status: 'in_review' }),
      ],
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
          bead('toy-w', { state: 'in_progress' }),
          bead('toy-x', { state: 'in_progress', assignee: 'bob' }),
        ),
        'state:in_review': list(bead('toy-m', { state: 'in_review' })),
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
    const epic = (id: string, more: Partial<BoardBead> = {}): BoardItem =>
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
    assert.doesNotMatch(tooltip, /(?<!\\)\]\(command|<img/);
  });

  it('shows that it is loading, and is empty without a town', () => {
    assert.deepEqual(drawn(beadRows(storeOf(), board(undefined))), ['Loading…']);
    assert.deepEqual(beadRows(new TownStore(), board(undefined)), []);
  });
});

interface Request {
  grouping: string;
  text: string;
  open: { key: string; limit: number }[];
}

class FakeServer {
  readonly requests: Request[] = [];
  answers: Record<string, BoardList> = {
    '': list(group('state:ready', 300)),
    'state:closed': list(),
    'state:ready': { total: 300, items: Array.from({ length: 100 }, (_unused, index) => bead(`toy-${index}`)) },
  };
  fails = false;
  hold: Promise<void> | undefined;

  async call(_spec: unknown, params: unknown): Promise<{ lists: Record<string, BoardList> }> {
    this.requests.push(structuredClone(params) as Request);
    await this.hold;
    if (this.fails) throw new Error('no server');
    return { lists: this.answers };
  }
}

describe('the lists of the Beads view', () => {
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  let store: TownStore;
  let server: FakeServer;
  let memory: Map<string, unknown>;
  let loader: BeadListLoader;
  let lists: BeadLists;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    store = storeOf();
    server = new FakeServer();
    memory = new Map();
    loader = new BeadListLoader(store, server as unknown as ServerConnection, quiet);
    lists = openLists();
  });
  afterEach(() => {
    lists.dispose();
    loader.dispose();
    mock.timers.reset();
  });

  const openLists = (): BeadLists =>
    new BeadLists(loader, {
      get: (key) => memory.get(key),
      update: async (key, value) => void memory.set(key, value),
    });
  /** Advances the clock, and lets pending promises settle. */
  const pass = async (ms: number): Promise<void> => {
    mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
  };
  const apply = (changes: TownDelta['changes']): void => {
    store.apply({ from: store.revision, to: store.revision + 1, changes });
  };
  const changeBeads = (revision: number): void =>
    apply({ town: { upsert: [town({ beadsRevision: revision })], remove: [] } });

  it('are requested only while they are shown, and again once after a burst of changes', async () => {
    await pass(1_000);
    assert.equal(server.requests.length, 0);
    lists.setVisible(true);
    await pass(0);
    assert.deepEqual(server.requests, [{ grouping: 'state', text: '', open: [] }]);
    for (let revision = 2; revision < 30; revision++) changeBeads(revision);
    await pass(10_000);
    assert.equal(server.requests.length, 2);
    lists.setVisible(false);
    changeBeads(99);
    await pass(10_000);
    assert.equal(server.requests.length, 2);
    lists.setVisible(true);
    await pass(0);
    assert.equal(server.requests.length, 3);
  });

  it('are requested again only by a delta that may change them', async () => {
    lists.setVisible(true);
    await pass(0);
    apply({ agents: { upsert: [polecat('nux')], remove: [] } });
    apply({ convoys: { upsert: [convoy('hq-c1', [])], remove: [] } });
    apply({ attention: { upsert: [escalation('hq-e')], remove: [] } });
    apply({ town: { upsert: [town({ name: 'other' })], remove: [] } });
    await pass(10_000);
    assert.equal(server.requests.length, 1, 'the lists do not depend on these');
    const consent = { ...escalation('consent-x'), kind: 'consent' as const };
    for (const changes of [
      { town: { upsert: [town({ up: false })], remove: [] } },
      { rigs: { upsert: [rig('toy', { accepted: false })], remove: [] } },
      { attention: { upsert: [consent], remove: [] } },
      { attention: { upsert: [], remove: ['consent-x'] } },
    ]) {
      const before: number = server.requests.length;
      apply(changes);
      await pass(10_000);
      assert.equal(server.requests.length, before + 1, JSON.stringify(changes));
    }
  });

  it('change by the time alone, when a deferred bead becomes ready', async () => {
    lists.setVisible(true);
    await pass(0);
    await pass(60_000);
    await pass(0);
    assert.equal(server.requests.length, 2);
  });

  it('are those that are expanded, a page of each; collapsing one requests nothing', async () => {
    lists.setVisible(true);
    lists.open('state:ready');
    lists.open('state:closed');
    lists.open('state:ready');
    await pass(0);
    assert.ok(lists.get('toy-7'));
    assert.deepEqual(server.requests.at(-1)?.open, [
      { key: 'state:ready', limit: 100 },
      { key: 'state:closed', limit: 20 },
    ]);
    const before = server.requests.length;
    lists.close('state:closed');
    await pass(10_000);
    assert.equal(server.requests.length, before);
    lists.more('state:ready');
    await pass(0);
    assert.deepEqual(server.requests.at(-1)?.open, [{ key: 'state:ready', limit: 200 }]);
  });

  it('forget a list that the server does not know any more', async () => {
    lists.setVisible(true);
    lists.open('state:ready');
    lists.open('epic:toy-gone');
    await pass(0);
    changeBeads(2);
    await pass(10_000);
    assert.deepEqual(
      server.requests.at(-1)?.open.map(({ key }) => key),
      ['state:ready'],
    );
  });

  it('start over with another grouping, which is remembered, and with a filter', async () => {
    lists.setVisible(true);
    lists.open('state:ready');
    await pass(0);
    lists.setGrouping('epic');
    await pass(0);
    assert.deepEqual(server.requests.at(-1), { grouping: 'epic', text: '', open: [] });
    lists.setFilter('  stars ');
    await pass(0);
    assert.equal(server.requests.at(-1)?.text, 'stars');
    lists.dispose();
    lists = openLists();
    assert.deepEqual([lists.grouping, lists.filter], ['epic', '']);
    memory.set('gastown.beadGrouping', 'nonsense');
    lists.dispose();
    lists = openLists();
    assert.equal(lists.grouping, 'state');
  });

  it('ignore the answer to an earlier grouping', async () => {
    let release = (): void => undefined;
    server.hold = new Promise((done) => {
      release = done;
    });
    lists.setVisible(true);
    await pass(0);
    lists.setGrouping('rig');
    release();
    await pass(0);
    assert.equal(lists.lists, undefined);
    await pass(10_000);
    assert.equal(server.requests.at(-1)?.grouping, 'rig');
    assert.ok(lists.lists);
  });

  it('stay after a failure, which is reported until the next answer, and go with the town', async () => {
    lists.setVisible(true);
    await pass(0);
    server.fails = true;
    changeBeads(2);
    await pass(10_000);
    assert.equal(lists.problem, 'no server');
    assert.ok(lists.lists);
    server.fails = false;
    changeBeads(3);
    await pass(10_000);
    assert.equal(lists.problem, undefined);
    store.clear();
    assert.equal(lists.lists, undefined);
    store.reset(snapshot());
    await pass(0);
    assert.ok(lists.lists, 'loaded for the next town');
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
