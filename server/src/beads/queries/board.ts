import type { BoardState } from '../../protocol/board';
import type { BeadIndex } from '../index/beadIndex';
import { Conditions } from './queries';

/** Which beads of the board are meant. All given conditions must hold. */
export interface BoardFilter {
  ledger?: string;
  state?: BoardState;
  /** Every word must be found. */
  text?: string;
  /** Children of this bead. */
  parent?: string;
  /** `epic`: those with children and no parent; `loose`: unfinished ones with neither. */
  top?: 'epic' | 'loose';
}

export interface BoardQuery extends BoardFilter {
  /** Beads that bd calls ready and that wait for something else all the same. */
  held: readonly string[];
  limit: number;
}

/** People look for few words at a time; more would only make the query longer. */
const maxWords = 8;

const orders: Record<BoardState, string> = {
  ready: 'priority, created',
  blocked: 'priority, created',
  in_progress: 'priority, updated DESC',
  in_review: 'priority, updated DESC',
  failed: 'updated DESC',
  deferred: 'COALESCE(defer, 9e18), priority, created',
  closed: 'closed DESC',
};

/** Beads of a state: those that the engine holds back count as blocked, whatever bd says. */
function stateCondition(conditions: Conditions, state: BoardState, held: readonly string[]): void {
  if (held.length === 0 || (state !== 'ready' && state !== 'blocked')) conditions.add('state = ?', state);
  else if (state === 'ready')
    conditions.add("state = 'ready' AND id NOT IN (SELECT value FROM json_each(?))", JSON.stringify(held));
  else
    conditions.add(
      "(state = 'blocked' OR (state = 'ready' AND id IN (SELECT value FROM json_each(?))))",
      JSON.stringify(held),
    );
}

function textConditions(conditions: Conditions, text: string | undefined): void {
  for (const word of (text ?? '').split(/\s+/).filter(Boolean).slice(0, maxWords)) {
    conditions.add(
      `(instr(lower(title), lower(?)) > 0 OR instr(lower(id), lower(?)) > 0 OR instr(lower(assignee), lower(?)) > 0 OR type = lower(?)
      OR EXISTS (SELECT 1 FROM labels WHERE bead = beads.id AND lower(label) = lower(?)))`,
      word,
      word,
      word,
      word,
      word,
    );
  }
}

/** In a tree, what leads to a bead that was found stays too. */
function treeTextCondition(conditions: Conditions, text: string | undefined): void {
  if (!text?.trim()) return;
  const found = new Conditions();
  textConditions(found, text);
  conditions.add(
    `id IN (WITH RECURSIVE kept(id) AS (
      SELECT id FROM beads WHERE ${['work = 1', ...found.texts].join(' AND ')}
      UNION SELECT edge.target FROM kept JOIN dependencies edge ON edge.issue = kept.id AND edge.type = 'parent-child'
    ) SELECT id FROM kept)`,
    ...found.params,
  );
}

function conditionsOf(filter: BoardFilter): Conditions {
  const conditions = new Conditions();
  conditions.add('work = 1');
  if (filter.ledger !== undefined) conditions.add('ledger = ?', filter.ledger);
  if (filter.parent !== undefined)
    conditions.add("id IN (SELECT issue FROM dependencies WHERE target = ? AND type = 'parent-child')", filter.parent);
  if (filter.top !== undefined) conditions.add('top = ?', filter.top);
  if (filter.parent !== undefined || filter.top === 'epic') treeTextCondition(conditions, filter.text);
  else textConditions(conditions, filter.text);
  return conditions;
}

interface StateCount {
  ledger: string;
  state: BoardState;
  count: number;
}

/** How many beads are in each state of each ledger. Without a text they are kept counted. */
export function boardCounts(index: BeadIndex, text: string, held: readonly string[]): StateCount[] {
  index.refresh();
  const conditions = conditionsOf({ text });
  const counts = text.trim() === '' ? keptCounts(index) : countRows(index, conditions);
  conditions.add("state = 'ready'");
  conditions.oneOf('id', held);
  for (const { ledger, count } of held.length === 0 ? [] : countRows(index, conditions)) {
    add(counts, { ledger, state: 'ready', count: -count });
    add(counts, { ledger, state: 'blocked', count });
  }
  return counts.filter(({ count }) => count > 0);
}

function keptCounts(index: BeadIndex): StateCount[] {
  return index.countsBy('state').map(({ ledger, name, count }) => ({ ledger, state: name as BoardState, count }));
}

function countRows(index: BeadIndex, conditions: Conditions): StateCount[] {
  const where = conditions.texts.join(' AND ');
  return index
    .rows(`SELECT ledger, state, COUNT(*) FROM beads WHERE ${where} GROUP BY 1, 2`, conditions.params)
    .map(([ledger, state, count]) => ({
      ledger: String(ledger),
      state: String(state) as BoardState,
      count: Number(count),
    }));
}

function add(counts: StateCount[], by: StateCount): void {
  const known = counts.find(({ ledger, state }) => ledger === by.ledger && state === by.state);
  if (known) known.count += by.count;
  else counts.push({ ...by });
}

/** How many beads have neither children nor a parent and are not closed. */
export function looseCount(index: BeadIndex, text: string): number {
  if (text.trim() === '')
    return index.countsBy('top').reduce((sum, { name, count }) => sum + (name === 'loose' ? count : 0), 0);
  return countRows(index, conditionsOf({ top: 'loose', text })).reduce((sum, { count }) => sum + count, 0);
}

/** One page of beads with their states, and how many there are in all. */
export function boardPage(
  index: BeadIndex,
  query: BoardQuery,
): { total: number; rows: { id: string; state: BoardState }[] } {
  index.refresh();
  const conditions = conditionsOf(query);
  if (query.state) stateCondition(conditions, query.state, query.held);
  const from = `FROM beads WHERE ${conditions.texts.join(' AND ')}`;
  const order = query.state ? orders[query.state] : "status = 'closed', priority, created";
  const held = new Set(query.held);
  const rows = index
    .rows(`SELECT id, state ${from} ORDER BY ${order}, id LIMIT ?`, [...conditions.params, query.limit])
    .map(([id, state]) => ({ id: String(id), state: shownState(String(id), state as BoardState, held) }));
  return { total: rows.length < query.limit ? rows.length : totalOf(index, query, from, conditions), rows };
}

function shownState(id: string, state: BoardState, held: ReadonlySet<string>): BoardState {
  return state === 'ready' && held.has(id) ? 'blocked' : state;
}

/** The kept counts where they say it; a count of the rows otherwise. */
function totalOf(index: BeadIndex, query: BoardQuery, from: string, conditions: Conditions): number {
  const { state, ledger, text, parent, top } = query;
  if (!state || text?.trim() || parent !== undefined || top !== undefined)
    return index.number(`SELECT COUNT(*) ${from}`, conditions.params);
  return boardCounts(index, '', query.held)
    .filter((count) => count.state === state && (ledger === undefined || count.ledger === ledger))
    .reduce((sum, { count }) => sum + count, 0);
}

/** How many children a bead has, and how many of them are closed; undefined for one without any. */
export function childProgress(index: BeadIndex, id: string): { done: number; total: number } | undefined {
  const [row] = index.rows(
    `SELECT COUNT(*), COALESCE(SUM(child.status = 'closed'), 0) FROM dependencies edge JOIN beads child ON child.id = edge.issue
    WHERE edge.target = ? AND edge.type = 'parent-child' AND child.status <> 'tombstone'`,
    [id],
  );
  const total = Number(row?.[0] ?? 0);
  return total === 0 ? undefined : { done: Number(row?.[1] ?? 0), total };
}
