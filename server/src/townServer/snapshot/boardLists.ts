import type { BeadStore } from '../../beads/store';
import { boardStates, type BoardItem, type BoardList, type BoardQuery, type BoardState } from '../../protocol/board';
import { AllBeads, shownState, type BoardMoment, type BoardSource, type StateCounts } from './boardSource';
import { EntityCollection, type CollectionChange } from './entityCollection';
import { FoundBeads } from './foundBeads';

/** Rows at the top of the tree by epics. */
const TOP_LIMIT = 200;

/** What a list's key means. */
type ListKind =
  | { kind: 'state'; state: BoardState; ledger?: string | undefined }
  | { kind: 'children'; parent: string }
  | { kind: 'epics' }
  | { kind: 'loose' }
  | { kind: 'rigs' }
  /** The states of a ledger, or of all. */
  | { kind: 'states'; ledger?: string | undefined };

/** A list as it was last made. */
interface Known {
  list: BoardList;
  beads: ReadonlySet<string>;
}

/**
 * The lists of beads that one window watches, kept: a list is recreated where a change touches what it shows, and a page
 * costs its rows, whatever the ledgers hold.
 */
export class BoardLists {
  private query: BoardQuery | undefined;
  private source: BoardSource;
  private known = new Map<string, Known>();
  private readonly lists = new EntityCollection<BoardList>();

  constructor(private readonly store: BeadStore) {
    this.source = new AllBeads(store);
  }

  items(): BoardList[] {
    return this.lists.items();
  }

  /** The beads that the lists name. */
  beads(): Set<string> {
    return new Set([...this.known.values()].flatMap(({ beads }) => [...beads]));
  }

  /** Takes over what the window wants to see from now on. */
  watch(query: BoardQuery | undefined, moment: BoardMoment): CollectionChange<BoardList> {
    if ((query?.text.trim() ?? '') !== (this.query?.text.trim() ?? '')) {
      const text = query?.text.trim() ?? '';
      this.source = text === '' ? new AllBeads(this.store) : new FoundBeads(this.store, text);
    }
    this.query = query;
    this.known = new Map();
    return this.make(moment, () => true);
  }

  /** Brings the lists up to date. */
  update(moment: BoardMoment): CollectionChange<BoardList> {
    if (!this.query) return { upsert: [], remove: [] };
    const isDifferent = this.source.update(moment);
    return this.make(moment, (kind, known) => isDifferent || isTouched(kind, known, moment));
  }

  private make(moment: BoardMoment, mayDiffer: (kind: ListKind, known: Known) => boolean): CollectionChange<BoardList> {
    const counts = this.query ? this.source.counts(moment) : [];
    const before = this.known;
    this.known = new Map();
    for (const [key, limit] of this.wanted()) {
      const kind = this.kindOf(key);
      if (!kind) continue;
      const known = before.get(key);
      const kept = known && !mayDiffer(kind, known) ? this.recount(known, kind, counts) : undefined;
      this.known.set(key, kept ?? this.list(key, kind, limit, counts, moment));
    }
    return this.lists.replace([...this.known.values()].map(({ list }) => list));
  }

  private wanted(): Map<string, number> {
    if (!this.query) return new Map();
    return new Map([['', TOP_LIMIT], ...this.query.open.map(({ key, limit }) => [key, limit] as const)]);
  }

  /** Undefined for a key that means nothing: a window may ask for what is gone. */
  private kindOf(key: string): ListKind | undefined {
    if (key === '') {
      const kinds = { state: { kind: 'states' }, rig: { kind: 'rigs' }, epic: { kind: 'epics' } } as const;
      return kinds[this.query!.grouping];
    }
    if (key === 'loose') return { kind: 'loose' };
    const [, kind, id] = /^(state|rig|epic):(.+)$/s.exec(key) ?? [];
    if (kind === undefined || id === undefined) return undefined;
    if (kind === 'epic') return this.isThere(id) ? { kind: 'children', parent: id } : undefined;
    if (kind === 'state') return isState(id) ? { kind: 'state', state: id } : undefined;
    const [ledger = '', state] = id.split('/');
    if (!this.store.ledgerNames().includes(ledger)) return undefined;
    if (state === undefined) return { kind: 'states', ledger };
    return isState(state) ? { kind: 'state', ledger, state } : undefined;
  }

  private isThere(id: string): boolean {
    const bead = this.store.get(id);
    return bead !== undefined && bead.status !== 'tombstone';
  }

  private list(key: string, kind: ListKind, limit: number, counts: StateCounts, moment: BoardMoment): Known {
    const { source } = this;
    switch (kind.kind) {
      case 'states':
        return groupList(key, stateGroups(kind.ledger, counts));
      case 'rigs':
        return groupList(key, this.rigGroups(counts));
      case 'state':
        return beadList(key, totalOf(kind, counts), source.inState(kind, moment, limit));
      case 'children': {
        const { ids, total } = source.children(kind.parent, limit);
        return beadList(key, total, ids);
      }
      case 'loose':
        return beadList(key, source.topCount('loose'), source.top('loose', limit));
      case 'epics':
        return this.withLoose(beadList(key, source.topCount('epic'), source.top('epic', limit)));
    }
  }

  private withLoose(epics: Known): Known {
    const loose = this.source.topCount('loose');
    const beads = epics.list.items.filter((item) => item.kind === 'bead');
    const items: BoardItem[] = loose === 0 ? beads : [...beads, { kind: 'group', key: 'loose', count: loose }];
    return { ...epics, list: { ...epics.list, items } };
  }

  /** Updates the total where only rows outside of the loaded page changed; undefined where it has to be recreated. */
  private recount(known: Known, kind: ListKind, counts: StateCounts): Known | undefined {
    const withTotal = (total: number): Known => ({ ...known, list: { ...known.list, total } });
    switch (kind.kind) {
      case 'children':
        return known;
      case 'state':
        return withTotal(totalOf(kind, counts));
      case 'loose':
        return withTotal(this.source.topCount('loose'));
      case 'epics':
        return this.withLoose(withTotal(this.source.topCount('epic')));
      default:
        return undefined;
    }
  }

  private rigGroups(counts: StateCounts): Group[] {
    const open = new Map(this.store.ledgerNames().map((ledger) => [ledger, 0]));
    for (const { ledger, state, count } of counts)
      if (state !== 'closed') open.set(ledger, (open.get(ledger) ?? 0) + count);
    // The town's own ledger is no rig; it is shown where somebody keeps work in it.
    return [...open]
      .filter(([ledger, count]) => ledger !== 'hq' || count > 0)
      .sort(([a], [b]) => Number(a === 'hq') - Number(b === 'hq') || a.localeCompare(b))
      .map(([ledger, count]) => ({ key: `rig:${ledger}`, count }));
  }
}

interface Group {
  key: string;
  count: number;
}

function stateGroups(ledger: string | undefined, counts: StateCounts): Group[] {
  const prefix = ledger === undefined ? 'state:' : `rig:${ledger}/`;
  return boardStates
    .map((state) => ({ key: `${prefix}${state}`, count: totalOf({ state, ledger }, counts) }))
    .filter(({ count }) => count > 0);
}

function totalOf(filter: { state: BoardState; ledger?: string | undefined }, counts: StateCounts): number {
  return counts.reduce(
    (sum, { ledger, state, count }) =>
      state === filter.state && (filter.ledger === undefined || ledger === filter.ledger) ? sum + count : sum,
    0,
  );
}

/** Whether a change touches what a list shows: a bead that it names, or one that belongs into it now. */
function isTouched(kind: ListKind, { beads }: Known, { changed, rows, held }: BoardMoment): boolean {
  if (!changed) return true;
  if (kind.kind === 'children' && changed.has(kind.parent)) return true;
  const belongs = rows.some((row) => {
    if (kind.kind === 'state')
      return shownState(row, held) === kind.state && (kind.ledger === undefined || row.ledger === kind.ledger);
    return (kind.kind === 'epics' && row.top === 'epic') || (kind.kind === 'loose' && row.top === 'loose');
  });
  return belongs || [...changed].some((id) => beads.has(id));
}

function groupList(key: string, groups: readonly Group[]): Known {
  const items = groups.map((group): BoardItem => ({ kind: 'group', ...group }));
  return { list: { id: key, total: items.length, items }, beads: new Set() };
}

function beadList(key: string, total: number, ids: readonly string[]): Known {
  return { list: { id: key, total, items: ids.map((id) => ({ kind: 'bead', id })) }, beads: new Set(ids) };
}

function isState(text: string): text is BoardState {
  return boardStates.some((state) => state === text);
}
