import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TownStore } from '../../../client/src/state/townStore';
import type { Transaction } from '../../../server/src/beads/store';
import { boardGroupings, boardStates, type BoardQuery } from '../../../server/src/protocol/board';
import type { TownDelta, TownSnapshot } from '../../../server/src/protocol/town';
import { EntityCollection } from '../../../server/src/townServer/snapshot/entityCollection';
import type { SnapshotFeed } from '../../../server/src/townServer/snapshot/snapshotFeed';
import { putLedger } from '../beads/service';
import { BoardTown } from './boardTown';

describe('a collection of entities', () => {
  it('says what is new, different and gone', () => {
    const items = new EntityCollection<{ id: string; title: string }>();
    assert.equal(
      items.replace([
        { id: 'a', title: '1' },
        { id: 'b', title: '1' },
      ]).upsert.length,
      2,
    );
    assert.deepEqual(
      items.replace([
        { id: 'a', title: '2' },
        { id: 'c', title: '1' },
      ]),
      {
        upsert: [
          { id: 'a', title: '2' },
          { id: 'c', title: '1' },
        ],
        remove: ['b'],
      },
    );
    assert.deepEqual(
      items.replace([
        { id: 'a', title: '2' },
        { id: 'c', title: '1' },
      ]),
      { upsert: [], remove: [] },
    );
    assert.deepEqual(
      items.apply([], (id) => id === 'a'),
      { upsert: [], remove: ['c'] },
    );
  });
});

type Change = (tx: Transaction, ids: readonly string[]) => void;
const pick = (ids: readonly string[], at: number): string => ids[at % ids.length]!;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom('task', 'epic', 'molecule', 'convoy').map(
    (type): Change =>
      (tx) => {
        if (type !== 'convoy') tx.create('toy', { title: 'New', type });
        else tx.create('hq', { title: 'Convoy', type, metadata: { convoy: { launched_at: '2026-01-01T00:00:00Z' } } });
      },
  ),
  fc
    .record({
      from: fc.nat(),
      to: fc.nat(),
      type: fc.constantFrom('blocks', 'parent-child', 'tracks', 'attached-to', 'waits-for'),
    })
    .map(
      ({ from, to, type }): Change =>
        (tx, ids) =>
          void tx.addDependency(pick(ids, from), pick(ids, to), type),
    ),
  fc.record({ from: fc.nat(), at: fc.nat() }).map(
    ({ from, at }): Change =>
      (tx, ids) => {
        const bead = tx.require(pick(ids, from));
        const edge = bead.dependencies?.[at % Math.max(1, bead.dependencies.length)];
        if (edge) tx.removeDependency(bead.id, edge.depends_on_id, edge.type);
      },
  ),
  fc
    .record({
      id: fc.nat(),
      status: fc.constantFrom('open', 'in_progress', 'hooked', 'in_review', 'failed', 'deferred'),
    })
    .map(
      ({ id, status }): Change =>
        (tx, ids) =>
          void tx.update(pick(ids, id), { status }),
    ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) => {
        const metadata = {
          merge: { source: pick(ids, id), rig: 'toy', branch: 'b', commit: 'c', worker: 'w', retries: 0 },
        };
        tx.create('toy', { title: 'Merge', type: 'merge_request', metadata });
      },
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.close(pick(ids, id), 'done', { force: true }),
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.reopen(pick(ids, id), ''),
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.delete(pick(ids, id)),
  ),
  fc.record({ id: fc.nat(), gastown: fc.constantFrom({ held: true }, { notBefore: '2026-03-03T00:00:00Z' }, {}) }).map(
    ({ id, gastown }): Change =>
      (tx, ids) =>
        void tx.update(pick(ids, id), { metadata: { gastown } }),
  ),
  fc.record({ id: fc.nat(), day: fc.integer({ min: 1, max: 9 }) }).map(
    ({ id, day }): Change =>
      (tx, ids) =>
        void tx.update(pick(ids, id), { defer_until: `2026-03-0${day}T00:00:00Z` }),
  ),
  fc.record({ id: fc.nat(), priority: fc.integer({ min: 0, max: 4 }), labels: fc.subarray(['new', 'x']) }).map(
    ({ id, priority, labels }): Change =>
      (tx, ids) =>
        void tx.update(pick(ids, id), { priority, labels }),
  ),
  fc.record({ id: fc.nat(), title: fc.string() }).map(
    ({ id, title }): Change =>
      (tx, ids) =>
        void tx.update(pick(ids, id), { title: `T ${title}` }),
  ),
);

const openKeys = (ids: readonly string[]): string[] => [
  ...boardStates.flatMap((state) => [`state:${state}`, `rig:toy/${state}`]),
  ...['rig:toy', 'rig:hq', 'rig:late', 'rig:late/ready', 'loose', 'epic:toy-none', 'nonsense'],
  ...ids.map((id) => `epic:${id}`),
];

/** What a window watches, for ids that a history has made. */
type Query = (ids: readonly string[]) => BoardQuery;

const query: fc.Arbitrary<Query> = fc
  .record({
    grouping: fc.constantFrom(...boardGroupings),
    text: fc.constantFrom('', '', 'new', 'bead', 'T a', 'x'),
    open: fc.array(fc.record({ key: fc.nat(), limit: fc.constantFrom(1, 2, 3, 100) }), { maxLength: 12 }),
  })
  .map(
    ({ grouping, text, open }): Query =>
      (ids) => {
        const keys = openKeys(ids);
        const chosen = new Map(open.map(({ key, limit }) => [keys[key % keys.length]!, limit]));
        return { grouping, text, open: [...chosen].map(([key, limit]) => ({ key, limit })) };
      },
  );

type Step =
  | { kind: 'batch'; changes: Change[] }
  | { kind: 'watch'; query: Query | undefined }
  | { kind: 'wait'; hours: number }
  | { kind: 'rig' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.array(change, { maxLength: 3 }).map((changes): Step => ({ kind: 'batch', changes })) },
  {
    weight: 2,
    arbitrary: fc.option(query, { nil: undefined, freq: 6 }).map((made): Step => ({ kind: 'watch', query: made })),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }).map((hours): Step => ({ kind: 'wait', hours })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'rig' }) },
);

/** A window that follows the town by snapshot and deltas. */
class Follower {
  readonly store = new TownStore();
  watched: BoardQuery | undefined;

  constructor(
    private readonly feed: SnapshotFeed,
    private readonly name: string,
  ) {
    this.store.reset(feed.subscribe(name, undefined));
  }

  watch(made: Query | undefined, ids: readonly string[]): void {
    this.watched = made?.(ids);
    this.receive(this.feed.watch(this.name, this.watched));
  }

  receive(delta: TownDelta): void {
    assert.equal(this.store.apply(delta), 'applied');
  }

  shown() {
    return contentOf({
      beads: this.store.beads.all(),
      convoys: this.store.convoys.all(),
      lists: this.store.lists.all(),
    });
  }
}

function contentOf({ beads, convoys, lists }: Pick<TownSnapshot, 'beads' | 'convoys' | 'lists'>) {
  const byId = <T extends { id: string }>(items: readonly T[]): T[] =>
    [...items].sort((a, b) => a.id.localeCompare(b.id));
  return { beads: byId(beads), convoys: byId(convoys), lists: byId(lists) };
}

describe('what windows have of a town', function () {
  this.timeout(300_000);

  it('applied delta by delta equals a fresh snapshot', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const town = await BoardTown.open();
        const { store, fs, now } = town.service;
        for (let index = 0; index < 5; index += 1) await town.add(`Bead ${index}`);
        await town.convoy(...store.list({ limit: 2 }).map(({ id }) => id));
        const followers = new Map<string, Follower>();
        const feed = town.feed(({ connection, delta }) => followers.get(connection)?.receive(delta));
        store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
        store.board.onDidRecompute((ids) => feed.model.statesRecomputed(ids));
        for (const name of ['watching', 'other', 'plain']) followers.set(name, new Follower(feed, name));
        for (const [index, each] of steps.entries()) {
          const ids = store.list({ all: true, limit: 0 }).map(({ id }) => id);
          if (each.kind === 'wait') now.value += each.hours * 3_600_000;
          else if (each.kind === 'rig') {
            if (store.ledgerNames().includes('late')) await store.removeLedger('late');
            else await store.addLedger({ name: 'late', directory: putLedger(fs, 'late') });
          } else if (each.kind === 'watch') {
            followers.get(index % 2 === 0 ? 'watching' : 'other')!.watch(each.query, ids);
            if (index % 2 === 1) continue;
          } else
            await store
              .batch({ actor: 'me' }, (tx) => {
                for (const one of each.changes) one(tx, ids);
              })
              .catch(() => undefined); // refused: a circle, for example
          feed.update();
          const watched = followers.get('watching')!.watched;
          for (const [name, board] of [
            ['watching', watched],
            ['plain', undefined],
          ] as const)
            assert.deepEqual(followers.get(name)!.shown(), contentOf(town.feed().subscribe('fresh', board)), name);
        }
        await store.close();
      }),
      { numRuns: process.env.GASTOWN_SOAK ? 1500 : 150 },
    );
  });

  it('is sent where something changed, with a revision that rises by one', async () => {
    const town = await BoardTown.open();
    const deltas: string[] = [];
    const feed = town.feed(({ connection, delta }) => deltas.push(`${connection} ${delta.from}-${delta.to}`));
    town.service.store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
    town.service.store.board.onDidRecompute((ids) => feed.model.statesRecomputed(ids));
    const first = feed.subscribe('one', undefined).revision;
    assert.equal(feed.subscribe('two', undefined).revision, first);
    feed.update();
    assert.deepEqual(deltas, [], 'nothing changed');
    const note = await town.add('A closed bead', { status: 'closed' });
    feed.update();
    assert.deepEqual(deltas, [], 'no window shows it');
    const shown = feed.watch('two', { grouping: 'state', text: '', open: [{ key: 'state:closed', limit: 5 }] });
    assert.deepEqual([shown.from, shown.to, shown.changes.beads?.upsert[0]?.id], [first, first + 1, note]);
    await town.service.store.batch({ actor: 'ann' }, (tx) => tx.update(note, { title: 'Other' }));
    feed.update();
    assert.deepEqual(deltas.splice(0), [`two ${first + 1}-${first + 2}`], 'only the window that watches it');
    await town.add('For all');
    feed.update();
    assert.deepEqual(deltas.sort(), [`one ${first}-${first + 3}`, `two ${first + 2}-${first + 3}`]);
  });

  it('has each bead once: a new title costs that bead, not the lists that name it', async () => {
    const town = await BoardTown.open();
    const deltas: TownDelta[] = [];
    const feed = town.feed(({ delta }) => deltas.push(delta));
    town.service.store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
    for (let index = 0; index < 50; index += 1) await town.add(`Bead ${index}`);
    const [bead] = town.service.store.list({ limit: 1 });
    feed.subscribe('one', { grouping: 'state', text: '', open: [{ key: 'state:ready', limit: 100 }] });
    await town.service.store.batch({ actor: 'ann' }, (tx) => tx.update(bead!.id, { title: 'Renamed' }));
    feed.update();
    assert.deepEqual(
      deltas.map(({ changes }) => [Object.keys(changes), changes.beads?.upsert.map(({ title }) => title)]),
      [[['beads'], ['Renamed']]],
    );
  });

  it('reaches what waits for an ancestor far above: by its title, and by what that waits for itself', async () => {
    const town = await BoardTown.open();
    const { store } = town.service;
    const window = new TownStore();
    const feed = town.feed(({ delta }) => void window.apply(delta));
    store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
    store.board.onDidRecompute((ids) => feed.model.statesRecomputed(ids));
    const wall = await town.add('Wall');
    const top = await town.add('Top', { needs: [wall] });
    const spawner = await town.add('Spawner');
    const spawned = await town.add('Spawned', { parent: spawner });
    const waiting = await town.add('Waiting', { parent: top });
    await store.batch({ actor: 'ann' }, (tx) => tx.addDependency(waiting, spawner, 'waits-for'));
    const inner = await town.add('Inner', { parent: waiting });
    const leaf = await town.add('Leaf', { parent: inner });
    window.reset(feed.subscribe('one', { grouping: 'state', text: '', open: [] }));
    const reason = (): unknown => {
      feed.update();
      const [why] = window.beads.get(leaf)?.why ?? [];
      return why?.kind === 'parent' ? why.bead.title : why?.kind;
    };
    assert.equal(reason(), 'Waiting');
    await store.batch({ actor: 'ann' }, (tx) => tx.update(waiting, { title: 'Renamed' }));
    assert.equal(reason(), 'Renamed');
    await store.batch({ actor: 'ann' }, (tx) => tx.close(spawned, 'done'));
    assert.equal(reason(), 'Top', 'nothing is left that it waits for itself');
    await store.batch({ actor: 'ann' }, (tx) => tx.close(wall, 'done'));
    assert.equal(reason(), undefined);
  });

  it('follows the clock: what was deferred becomes ready, and the feed says when', async () => {
    const town = await BoardTown.open();
    const { now, store } = town.service;
    const until = now.value + 3_600_000;
    await town.add('Later', { defer_until: new Date(until).toISOString() });
    const backoff = now.value + 60_000;
    const hot = await town.add('Hot', { metadata: { gastown: { notBefore: new Date(backoff).toISOString() } } });
    await town.convoy(hot);
    const deltas: TownDelta[] = [];
    const feed = town.feed(({ delta }) => deltas.push(delta));
    store.board.onDidRecompute((ids) => feed.model.statesRecomputed(ids));
    feed.subscribe('one', { grouping: 'state', text: '', open: [{ key: 'state:ready', limit: 10 }] });
    const ready = (): string[] => {
      feed.update();
      return (deltas.pop()?.changes.lists?.upsert ?? [])
        .filter(({ id }) => id === 'state:ready')
        .flatMap(({ items }) => items.map((item) => (item.kind === 'bead' ? item.id : '')));
    };
    assert.equal(feed.model.nextChange(), backoff);
    now.value = backoff;
    assert.deepEqual(ready(), [hot]);
    assert.equal(feed.model.nextChange(), until);
    now.value = until;
    assert.equal(ready().length, 2);
    assert.equal(feed.model.nextChange(), undefined);
  });

  it('is reloaded after a failure, of which nobody knows how far it came', async () => {
    const town = await BoardTown.open();
    const window = new TownStore();
    const outcomes: string[] = [];
    const feed = town.feed(({ delta }) => outcomes.push(window.apply(delta)));
    town.service.store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
    window.reset(feed.subscribe('one', undefined));
    await town.add('One');
    town.fails = true;
    assert.throws(() => feed.update(), /cannot be read/);
    town.fails = false;
    feed.update();
    assert.deepEqual(outcomes, ['gap']);
    window.reset(feed.subscribe('one', undefined));
    assert.deepEqual(
      window.beads.all().map(({ title }) => title),
      ['One'],
    );
  });

  const manyWindows: [string, (index: number) => Omit<BoardQuery, 'text'> & { text?: string }][] = [
    ['the same lists', () => ({ grouping: 'state', open: [{ key: 'state:ready', limit: 100 }] })],
    [
      'one list that all have, and others',
      (index: number) => ({
        grouping: boardGroupings[index % boardGroupings.length]!,
        open: [
          { key: 'state:ready', limit: 100 },
          { key: 'state:closed', limit: 1 + (index % 2) },
        ],
      }),
    ],
    ['a text', () => ({ grouping: 'rig', text: ' bead', open: [{ key: 'state:ready', limit: 100 }] })],
  ];
  for (const [what, queryOf] of manyWindows)
    it(`is made once for fifty windows that watch ${what}`, async () => {
      const town = await BoardTown.open();
      const { store } = town.service;
      for (let index = 0; index < 5; index += 1) await town.add(`Bead ${index}`);
      const told = new Map<string, TownDelta>();
      const feed = town.feed(({ connection, delta }) => told.set(connection, delta));
      store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
      store.board.onDidRecompute((ids) => feed.model.statesRecomputed(ids));
      const reads = { pages: 0, searches: 0 };
      const { board } = store;
      const inState = board.inState.bind(board);
      board.inState = (...args) => {
        if (args[0].state === 'ready') reads.pages += 1;
        return inState(...args);
      };
      const found = board.found.bind(board);
      board.found = (...args) => {
        if (args[1] === undefined) reads.searches += 1; // of the whole index
        return found(...args);
      };
      const snapshots = Array.from({ length: 50 }, (_unused, index) =>
        feed.subscribe(`window ${index}`, { text: '', ...queryOf(index) }),
      );
      for (const { lists } of snapshots) assert.equal(lists.find(({ id }) => id === 'state:ready')?.total, 5);
      const isSearch = what === 'a text';
      assert.deepEqual(reads, isSearch ? { pages: 0, searches: 1 } : { pages: 1, searches: 0 });
      await town.add('Bead that is new');
      feed.update();
      assert.equal(told.size, 50);
      for (const { changes } of told.values())
        assert.equal(changes.lists?.upsert.find(({ id }) => id === 'state:ready')?.total, 6);
      assert.deepEqual(reads, isSearch ? { pages: 0, searches: 1 } : { pages: 2, searches: 0 });
    });

  it('is as fresh for the second window as what was told, however soon it comes', async () => {
    const town = await BoardTown.open();
    const feed = town.feed();
    town.service.store.onDidChange(({ ids }) => feed.model.beadsChanged(ids));
    feed.subscribe('one', undefined);
    const id = await town.add('A moment later');
    assert.deepEqual(
      feed.subscribe('two', undefined).beads.map((bead) => bead.id),
      [id],
    );
  });

  it('refuses to watch for a connection that follows nothing', async () => {
    const town = await BoardTown.open();
    assert.throws(() => town.feed().watch('nobody', undefined), /no snapshot to add lists to/);
  });
});
