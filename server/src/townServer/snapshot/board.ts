import type { BoardFilter } from '../../beads/queries/board';
import type { BeadStore } from '../../beads/store';
import type { WhyNots } from '../../engine/explain/whyNot';
import {
  boardStates,
  type Board,
  type BoardBead,
  type BoardGrouping,
  type BoardItem,
  type BoardList,
  type BoardState,
} from '../../protocol/board';

/** Rows at the top of the tree by epics. */
const TOP_LIMIT = 200;

interface Query {
  grouping: BoardGrouping;
  text: string;
  open: readonly { key: string; limit: number }[];
}

/** The lists of the Beads view. Nothing is kept between two calls. */
export class BoardReader {
  private readonly held: string[];

  constructor(
    private readonly store: BeadStore,
    private readonly why: WhyNots,
    private readonly text: string,
  ) {
    this.held = why.heldIds();
  }

  read(query: Query): Board {
    const lists: Record<string, BoardList> = {};
    const asked = new Map(query.open.map(({ key, limit }) => [key, limit]));
    lists[''] = this.top(query.grouping, asked.get('') ?? TOP_LIMIT);
    asked.delete('');
    for (const [key, limit] of asked) {
      const list = this.list(key, limit);
      if (list) lists[key] = list;
    }
    return { lists };
  }

  private top(grouping: BoardGrouping, limit: number): BoardList {
    if (grouping === 'state') return this.states(undefined, 'state:');
    if (grouping === 'rig') {
      const counts = new Map(this.store.ledgerNames().map((ledger) => [ledger, 0]));
      for (const { ledger, state, count } of this.store.boardCounts(this.text, this.held)) {
        if (state !== 'closed') counts.set(ledger, (counts.get(ledger) ?? 0) + count);
      }
      // The town's own ledger is no rig; it is shown where somebody keeps work in it.
      const ledgers = [...counts]
        .filter(([ledger, count]) => ledger !== 'hq' || count > 0)
        .sort(([a], [b]) => Number(a === 'hq') - Number(b === 'hq') || a.localeCompare(b));
      return groups(ledgers.map(([ledger, count]) => ({ key: `rig:${ledger}`, count })));
    }
    const epics = this.beads({ top: 'epic' }, limit);
    const loose = this.store.looseCount(this.text);
    return loose === 0
      ? epics
      : { total: epics.total, items: [...epics.items, { kind: 'group', key: 'loose', count: loose }] };
  }

  private states(ledger: string | undefined, prefix: string): BoardList {
    const counts = new Map<BoardState, number>(boardStates.map((state) => [state, 0]));
    for (const { ledger: owner, state, count } of this.store.boardCounts(this.text, this.held))
      if (ledger === undefined || owner === ledger) counts.set(state, (counts.get(state) ?? 0) + count);
    return groups(
      [...counts].filter(([, count]) => count > 0).map(([state, count]) => ({ key: `${prefix}${state}`, count })),
    );
  }

  /** Undefined for a key that means nothing: a window may ask for what is gone. */
  private list(key: string, limit: number): BoardList | undefined {
    if (key === 'loose') return this.beads({ top: 'loose' }, limit);
    const [, kind, id] = /^(state|rig|epic):(.+)$/s.exec(key) ?? [];
    if (kind === undefined || id === undefined) return undefined;
    if (kind === 'epic') return this.beads({ parent: id }, limit);
    if (kind === 'state') return isState(id) ? this.beads({ state: id }, limit) : undefined;
    const [ledger = '', state] = id.split('/');
    if (!this.store.ledgerNames().includes(ledger)) return undefined;
    if (state === undefined) return this.states(ledger, `rig:${ledger}/`);
    return isState(state) ? this.beads({ ledger, state }, limit) : undefined;
  }

  private beads(filter: BoardFilter, limit: number): BoardList {
    const { total, rows } = this.store.boardPage({ ...filter, text: this.text, held: this.held, limit });
    return {
      total,
      items: rows.flatMap(({ id, state }): BoardItem[] => {
        const bead = this.bead(id, state);
        return bead ? [{ kind: 'bead', bead }] : [];
      }),
    };
  }

  private bead(id: string, state: BoardState): BoardBead | undefined {
    const bead = this.store.get(id);
    if (!bead) return undefined;
    const progress = this.store.childProgress(id) ?? (bead.issue_type === 'epic' ? { done: 0, total: 0 } : undefined);
    return {
      id,
      title: bead.title,
      type: bead.issue_type,
      status: bead.status,
      priority: bead.priority,
      state,
      ledger: this.store.ledgerOf(id) ?? '',
      assignee: bead.assignee,
      why: this.why.of(bead),
      ...(progress ? { progress } : {}),
    };
  }
}

function groups(entries: { key: string; count: number }[]): BoardList {
  return { total: entries.length, items: entries.map((entry) => ({ kind: 'group', ...entry })) };
}

function isState(text: string): text is BoardState {
  return boardStates.some((state) => state === text);
}
