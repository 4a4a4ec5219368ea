import type { BeadStore } from '../../beads/store';
import {
  boardStates,
  type BoardGrouping,
  type BoardItem,
  type BoardList,
  type BoardQuery,
  type BoardState,
} from '../../protocol/board';
import { AllBeads, shownState, type BoardMoment, type BoardSource, type StateCounts } from './boardSource';
import type { CollectionChange } from './entityCollection';
import { FoundBeads } from './foundBeads';

/** Maximum number of rows at the top of the tree by epics. */
const TOP_LIMIT = 200;

/** The kind of list at the top of the tree. */
const TOPS: Readonly<Record<BoardGrouping, ListKind>> = {
  state: { kind: 'states' },
  rig: { kind: 'rigs' },
  epic: { kind: 'epics' },
};

/** The meaning of a list's key. */
type ListKind =
  | { kind: 'state'; state: BoardState; ledger?: string | undefined }
  | { kind: 'children'; parent: string }
  | { kind: 'epics' }
  | { kind: 'loose' }
  | { kind: 'rigs' }
  /** The states of a ledger, or of all. */
  | { kind: 'states'; ledger?: string | undefined };

/** The last version of a list; replaced by a new object if it may have changed. */
interface Known {
  list: BoardList;
  beads: ReadonlySet<string>;
}

const NOTHING: BoardMoment = { changed: new Set(), rows: [], held: new Set(), heldRows: [] };

/**
 * The lists of beads that windows watch, each built once for all of them: a list is rebuilt if a change affects its
 * content, and the cost of a page depends on its rows, not on the ledgers or the number of windows.
 */
export class SharedLists {
  private readonly byText = new Map<string, ListsOfText>();

  constructor(private readonly store: BeadStore) {}

  /** Updates everything to a moment. Lists that are not requested until `dropUnused` are dropped. */
  begin(moment: BoardMoment): void {
    for (const lists of this.byText.values()) lists.begin(moment);
  }

  dropUnused(): void {
    for (const [text, lists] of this.byText) if (!lists.dropUnused()) this.byText.delete(text);
  }

  /** After a failure, marks every list as outdated. */
  clear(): void {
    this.byText.clear();
  }

  /** The lists of a query by their keys; without unknown keys. */
  of({ text, grouping, open }: BoardQuery, moment: BoardMoment): Map<string, Known> {
    const words = text.trim();
    let lists = this.byText.get(words);
    if (!lists) this.byText.set(words, (lists = new ListsOfText(this.store, words, moment)));
    const wanted = new Map([['', TOP_LIMIT], ...open.map(({ key, limit }) => [key, limit] as const)]);
    const found = new Map<string, Known>();
    for (const [key, limit] of wanted) {
      const known = lists.get(grouping, key, limit);
      if (known) found.set(key, known);
    }
    return found;
  }
}

/** The lists that one window watches. */
export class BoardLists {
  private query: BoardQuery | undefined;
  private known: ReadonlyMap<string, Known> = new Map();

  constructor(private readonly shared: SharedLists) {}

  items(): BoardList[] {
    return [...this.known.values()].map(({ list }) => list);
  }

  /** Ids of the beads in these lists. */
  beads(): Set<string> {
    return new Set([...this.known.values()].flatMap(({ beads }) => [...beads]));
  }

  /** Sets the query of the window. */
  watch(query: BoardQuery | undefined, moment: BoardMoment): CollectionChange<BoardList> {
    this.query = query;
    return this.update(moment);
  }

  /** Brings the lists up to date. */
  update(moment: BoardMoment): CollectionChange<BoardList> {
    const before = this.known;
    this.known = this.query ? this.shared.of(this.query, moment) : new Map();
    const isNew = ([key, { list }]: [string, Known]): boolean => {
      const known = before.get(key)?.list;
      return !known || (known !== list && JSON.stringify(known) !== JSON.stringify(list));
    };
    return {
      upsert: [...this.known].filter(isNew).map(([, { list }]) => list),
      remove: [...before.keys()].filter((key) => !this.known.has(key)),
    };
  }
}

/** A list, and whether it was requested and is up to date since the last moment. */
interface Entry {
  known: Known | undefined;
  isCurrent: boolean;
}

/** The lists of the beads that contain a text, or of all beads. */
class ListsOfText {
  private readonly source: BoardSource;
  private readonly entries = new Map<string, Entry>();
  private moment: BoardMoment;
  private isDifferent = true;
  private counted: StateCounts | undefined;

  constructor(
    private readonly store: BeadStore,
    text: string,
    moment: BoardMoment,
  ) {
    this.source = text === '' ? new AllBeads(store) : new FoundBeads(store, text);
    // Earlier changes are contained in the data that the source has just read.
    this.moment = { ...moment, changed: NOTHING.changed, rows: NOTHING.rows };
  }

  begin(moment: BoardMoment): void {
    this.moment = moment;
    this.isDifferent = this.source.update(moment);
    this.counted = undefined;
    for (const entry of this.entries.values()) entry.isCurrent = false;
  }

  /** Drops unused lists. @returns whether any is left */
  dropUnused(): boolean {
    for (const [id, { isCurrent }] of this.entries) if (!isCurrent) this.entries.delete(id);
    return this.entries.size > 0;
  }

  /** A list; undefined for an unknown key, such as that of a deleted bead. */
  get(grouping: BoardGrouping, key: string, limit: number): Known | undefined {
    // The top list differs for each grouping; the others are the same for all.
    const id = JSON.stringify([key === '' ? grouping : '', key, limit]);
    const entry = this.entries.get(id);
    if (entry?.isCurrent) return entry.known;
    const known = this.make(grouping, key, limit, entry?.known);
    this.entries.set(id, { known, isCurrent: true });
    return known;
  }

  private get counts(): StateCounts {
    return (this.counted ??= this.source.counts(this.moment));
  }

  private make(grouping: BoardGrouping, key: string, limit: number, before: Known | undefined): Known | undefined {
    const kind = this.kindOf(grouping, key);
    if (!kind) return undefined;
    const mayDiffer = !before || this.isDifferent || isTouched(kind, before, this.moment);
    const kept = before && !mayDiffer ? this.recount(before, kind, this.counts) : undefined;
    return kept ?? this.list(key, kind, limit, this.counts, this.moment);
  }

  private kindOf(grouping: BoardGrouping, key: string): ListKind | undefined {
    if (key === '') return TOPS[grouping];
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

  /** Updates the total if only rows outside of the loaded page changed; undefined if the list has to be rebuilt. */
  private recount(known: Known, kind: ListKind, counts: StateCounts): Known | undefined {
    const withTotal = (total: number): Known =>
      total === known.list.total ? known : { ...known, list: { ...known.list, total } };
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
    // The town's own ledger is not a rig; it is shown if it contains work.
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

/** Whether a change affects a list: a bead in it, or one that belongs into it now. */
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
