import type { SqlValue } from 'sql.js';
import type { BoardState } from '../../protocol/board';
import type { BeadIndex } from '../index/beadIndex';
import { Conditions, notWork, readyConditions } from './queries';

/** Which beads of the board are meant. All given conditions must hold. */
export interface BoardFilter {
  ledger?: string;
  state?: BoardState;
  /** Every word must be found. */
  text?: string;
  /** Children of this bead. */
  parent?: string;
  /** `epics`: those with children and no parent; `loose`: unfinished ones with neither. */
  top?: 'epics' | 'loose';
}

export interface BoardQuery extends BoardFilter {
  /** Beads that bd calls ready and that wait for something else all the same. */
  held: readonly string[];
  limit: number;
}

/** People look for few words at a time; more would only make the query longer. */
const maxWords = 8;

/** Work of people and agents: no records, roles, wisps or templates. */
const scope = `ephemeral = 0 AND template = 0 AND status <> 'tombstone' AND type NOT IN (${notWork.map((type) => `'${type}'`).join(',')})`;
const parentEdge = `SELECT 1 FROM dependencies up JOIN beads parent ON parent.id = up.target
  WHERE up.issue = beads.id AND up.type = 'parent-child' AND parent.status <> 'tombstone'`;
const childEdge = `SELECT 1 FROM dependencies down JOIN beads child ON child.id = down.issue
  WHERE down.target = beads.id AND down.type = 'parent-child' AND child.status <> 'tombstone'`;

const orders: Record<BoardState, string> = {
  ready: 'priority, created',
  blocked: 'priority, created',
  in_progress: 'priority, updated DESC',
  in_review: 'priority, updated DESC',
  failed: 'updated DESC',
  deferred: 'COALESCE(defer, 9e18), priority, created',
  closed: 'closed DESC',
};

/** The state of a bead as an SQL expression: `ready` is exactly what bd calls so, apart from what is held. */
function stateExpression(index: BeadIndex, held: readonly string[], now: number): { text: string; params: SqlValue[] } {
  index.refreshBlocked();
  const ready = readyConditions(index, {}, now);
  return {
    text: `CASE
      WHEN status IN ('closed', 'failed', 'in_review') THEN status
      WHEN status IN ('in_progress', 'hooked') THEN 'in_progress'
      WHEN id IN (SELECT value FROM json_each(?)) THEN 'blocked'
      WHEN ${ready.texts.join(' AND ')} THEN 'ready'
      WHEN (status = 'deferred' AND defer IS NULL) OR defer > ? THEN 'deferred'
      WHEN EXISTS (${parentEdge} AND parent.defer > ?) THEN 'deferred'
      ELSE 'blocked' END`,
    params: [JSON.stringify(held), ...ready.params, now, now],
  };
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
      SELECT id FROM beads WHERE ${[scope, ...found.texts].join(' AND ')}
      UNION SELECT edge.target FROM kept JOIN dependencies edge ON edge.issue = kept.id AND edge.type = 'parent-child'
    ) SELECT id FROM kept)`,
    ...found.params,
  );
}

function conditionsOf(filter: BoardFilter): Conditions {
  const conditions = new Conditions();
  conditions.add(scope);
  if (filter.ledger !== undefined) conditions.add('ledger = ?', filter.ledger);
  if (filter.parent !== undefined)
    conditions.add("id IN (SELECT issue FROM dependencies WHERE target = ? AND type = 'parent-child')", filter.parent);
  if (filter.top === 'epics') conditions.add(`(type = 'epic' OR EXISTS (${childEdge})) AND NOT EXISTS (${parentEdge})`);
  if (filter.top === 'loose')
    conditions.add(
      `type <> 'epic' AND status <> 'closed' AND NOT EXISTS (${childEdge}) AND NOT EXISTS (${parentEdge})`,
    );
  if (filter.parent !== undefined || filter.top === 'epics') treeTextCondition(conditions, filter.text);
  else textConditions(conditions, filter.text);
  return conditions;
}

/** How many beads are in each state of each ledger. @param now microseconds since 1970 */
export function boardCounts(
  index: BeadIndex,
  filter: BoardFilter,
  held: readonly string[],
  now: number,
): { ledger: string; state: BoardState; count: number }[] {
  const state = stateExpression(index, held, now);
  const conditions = conditionsOf(filter);
  const rows = index.rows(
    `SELECT ledger, ${state.text} AS state, COUNT(*) FROM beads WHERE ${conditions.texts.join(' AND ')} GROUP BY 1, 2`,
    [...state.params, ...conditions.params],
  );
  return rows.map(([ledger, name, count]) => ({
    ledger: String(ledger),
    state: String(name) as BoardState,
    count: Number(count),
  }));
}

/** One page of beads with their states, and how many there are in all. @param now microseconds since 1970 */
export function boardPage(
  index: BeadIndex,
  query: BoardQuery,
  now: number,
): { total: number; rows: { id: string; state: BoardState }[] } {
  const state = stateExpression(index, query.held, now);
  const conditions = conditionsOf(query);
  const from = `FROM (SELECT *, ${state.text} AS state FROM beads WHERE ${conditions.texts.join(' AND ')}) ${query.state ? 'WHERE state = ?' : ''}`;
  const params = [...state.params, ...conditions.params, ...(query.state ? [query.state] : [])];
  const order = query.state ? orders[query.state] : "status = 'closed', priority, created";
  const rows = index
    .rows(`SELECT id, state ${from} ORDER BY ${order}, id LIMIT ?`, [...params, query.limit])
    .map(([id, name]) => ({ id: String(id), state: String(name) as BoardState }));
  const total = rows.length < query.limit ? rows.length : index.number(`SELECT COUNT(*) ${from}`, params);
  return { total, rows };
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
