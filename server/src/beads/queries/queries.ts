import type { SqlValue } from 'sql.js';
import { UserError } from '../../base/errors';
import type { BeadFilter as RequestFilter } from '../../protocol/beadFilter';
import type { BeadIndex } from '../index/beadIndex';
import { notWork } from '../index/derivedState';
import { canonicalStatus, typeFromInput } from '../model/fields';

/**
 * Selects beads: the filter of requests, with additions of this program. An empty `assignee` means the same as
 * `unassigned`.
 */
export interface BeadFilter extends Omit<RequestFilter, 'sort'> {
  /** Leaves out the steps of unfinished molecules: of all molecules, or of those attached to a bead. */
  withoutSteps?: 'all' | 'attached';
}

export interface ListFilter extends BeadFilter {
  /** Also closed beads, gates, templates and wisps. Tombstones only if requested by status. */
  all?: boolean;
  /** True for wisps only, false for none; otherwise wisps come with `all`. */
  ephemeral?: boolean;
  sort?: string;
  reverse?: boolean;
}

export interface ReadyFilter extends BeadFilter {
  sort?: string;
  includeDeferred?: boolean;
  includeEphemeral?: boolean;
}

/** Categories of `bd list --sort`; each defines which beads come first. Equal beads are in order of creation. */
const listOrders: Readonly<Record<string, string>> = {
  priority: 'priority, created DESC',
  created: 'created DESC',
  updated: 'updated DESC',
  closed: 'closed DESC',
  status: 'status, created',
  id: 'id',
  title: 'title COLLATE NOCASE, created',
  type: 'type, created',
  assignee: 'assignee, created',
};
const freshMicroseconds = 48 * 3600 * 1e6;
export const listDefaultLimit = 50;
export const readyDefaultLimit = 100;

const MAX_PARAMETERS = 8;

export class Conditions {
  readonly texts: string[] = [];
  readonly params: SqlValue[] = [];

  add(text: string, ...params: SqlValue[]): void {
    this.texts.push(text);
    this.params.push(...params);
  }

  /** Adds the condition that a column has one of these values. */
  oneOf(column: string, values: readonly string[]): void {
    // Few values are separate parameters: this is faster, and produces few different statements.
    if (values.length <= MAX_PARAMETERS) this.add(`${column} IN (${values.map(() => '?').join(',')})`, ...values);
    else this.add(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
  }
}

function common(filter: BeadFilter, conditions: Conditions): void {
  if (filter.ledger !== undefined) conditions.add('ledger = ?', filter.ledger);
  if (filter.type) conditions.oneOf('type', filter.type.map(typeFromInput));
  if (filter.unassigned || filter.assignee === '') conditions.add("assignee = ''");
  else if (filter.assignee !== undefined) conditions.add('assignee = ?', filter.assignee);
  for (const label of filter.labels ?? []) conditions.add('id IN (SELECT bead FROM labels WHERE label = ?)', label);
  if (filter.labelsAny?.length)
    conditions.add(
      'id IN (SELECT bead FROM labels WHERE label IN (SELECT value FROM json_each(?)))',
      JSON.stringify(filter.labelsAny),
    );
  if (filter.priority !== undefined) conditions.add('priority = ?', filter.priority);
  if (filter.titleContains !== undefined) conditions.add('instr(lower(title), lower(?)) > 0', filter.titleContains);
  if (filter.ids) conditions.oneOf('id', filter.ids);
  if (filter.withoutSteps) conditions.add(filter.withoutSteps === 'all' ? "step = 'none'" : "step <> 'attached'");
  if (filter.parent !== undefined) {
    conditions.add(
      `id IN (WITH RECURSIVE under(id) AS (
      SELECT issue FROM dependencies WHERE target = ? AND type = 'parent-child'
      UNION SELECT edge.issue FROM under JOIN dependencies edge ON edge.target = under.id AND edge.type = 'parent-child'
    ) SELECT id FROM under)`,
      filter.parent,
    );
  }
}

function run(index: BeadIndex, conditions: Conditions, order: string, limit: number, table = 'beads'): string[] {
  const where = conditions.texts.length > 0 ? `WHERE ${conditions.texts.join(' AND ')}` : '';
  return index.column(
    `SELECT id FROM ${table} ${where} ORDER BY ${order}, id ${limit > 0 ? 'LIMIT ?' : ''}`,
    limit > 0 ? [...conditions.params, limit] : conditions.params,
  );
}

export function listIds(index: BeadIndex, filter: ListFilter): string[] {
  const conditions = new Conditions();
  common(filter, conditions);
  const openOnly = isOpenOnly(filter);
  if (openOnly) conditions.add('finished = 0');
  else if (!filter.status) conditions.add("status <> 'tombstone'");
  if (filter.status) conditions.oneOf('status', filter.status.map(canonicalStatus));
  if (!filter.all) {
    if (!filter.type) conditions.add("type <> 'gate'");
    conditions.add('template = 0');
  }
  const ephemeral = filter.ephemeral ?? (filter.all ? undefined : false);
  if (ephemeral !== undefined) conditions.add('ephemeral = ?', Number(ephemeral));
  const order = Object.hasOwn(listOrders, filter.sort ?? 'priority')
    ? listOrders[filter.sort ?? 'priority']
    : undefined;
  if (order === undefined)
    throw new UserError(`invalid sort: ${filter.sort}`, `Valid: ${Object.keys(listOrders).join(', ')}`);
  const table = openOnly && isNarrow(filter) ? 'beads INDEXED BY beads_open_type' : 'beads';
  const ids = run(index, conditions, order, filter.reverse ? 0 : (filter.limit ?? listDefaultLimit), table);
  if (!filter.reverse) return ids;
  const limit = filter.limit ?? listDefaultLimit;
  return limit > 0 ? ids.reverse().slice(0, limit) : ids.reverse();
}

function isOpenOnly({ status, all }: ListFilter): boolean {
  if (!status) return all !== true;
  const wanted = status.map(canonicalStatus);
  return !wanted.includes('closed') && !wanted.includes('tombstone');
}

/**
 * Whether type and status are selective. Without statistics the planner would use the index of the sort order, and read
 * every open bead.
 */
function isNarrow({ type, status, limit, reverse, ids, parent, labels, labelsAny }: ListFilter): boolean {
  if (!type || ids || parent !== undefined || labels?.length || labelsAny?.length) return false;
  return limit === 0 || reverse === true || (status !== undefined && !status.includes('open'));
}

/** The conditions for ready beads. @param now microseconds since 1970 */
export function readyConditions(index: BeadIndex, filter: ReadyFilter, now: number): Conditions {
  const conditions = new Conditions();
  // Steps are done by the agent that has the bead: they are not listed as ready work, unless requested.
  common(
    { ...(filter.parent === undefined && !filter.ids ? { withoutSteps: 'attached' } : {}), ...filter },
    conditions,
  );
  // Few ledgers have deferred beads, and without them the index returns the rows in order.
  const deferred = index.number('SELECT EXISTS (SELECT 1 FROM beads WHERE defer IS NOT NULL)') === 1;
  // A bead whose deferral has expired counts as open; otherwise it would wait forever.
  conditions.add(
    deferred ? "status IN ('open', 'deferred') AND (status = 'open' OR defer IS NOT NULL)" : "status = 'open'",
  );
  conditions.add(`pinned = 0 AND ${filter.includeEphemeral ? '' : 'ephemeral = 0 AND '}template = 0`);
  conditions.add('blocked = 0');
  if (!filter.type) conditions.add(`type NOT IN (${notWork.map((type) => `'${type}'`).join(',')})`);
  if (deferred && !filter.includeDeferred) {
    conditions.add('(defer IS NULL OR defer <= ?)', now);
  }
  // An ancestor may be deferred too, even without an end.
  if (!filter.includeDeferred) {
    index.refresh();
    conditions.add("state <> 'deferred'");
  }
  return conditions;
}

/** Ids of ready work. @param now microseconds since 1970 */
export function readyIds(index: BeadIndex, filter: ReadyFilter, now: number): string[] {
  const conditions = readyConditions(index, filter, now);
  if (filter.status) conditions.oneOf('status', filter.status.map(canonicalStatus));
  const orders: Record<string, string> = {
    // Oldest first within a priority, so that old work is not starved.
    priority: 'priority, created',
    oldest: 'created',
    hybrid: `created < ${now - freshMicroseconds}, CASE WHEN created >= ${now - freshMicroseconds} THEN priority END, created`,
  };
  const order = Object.hasOwn(orders, filter.sort ?? 'priority') ? orders[filter.sort ?? 'priority'] : undefined;
  if (order === undefined)
    throw new UserError(`invalid sort policy '${filter.sort}'. Valid values: ${Object.keys(orders).join(', ')}`);
  return run(index, conditions, order, filter.limit ?? readyDefaultLimit);
}

/** The first open beads of a ledger that are not steps of molecules, for lists that show a part of them. */
export function backlogIds(index: BeadIndex, ledger: string, types: readonly string[], limit: number): string[] {
  return index.column(
    `SELECT id FROM beads INDEXED BY beads_backlog WHERE finished = 0 AND ledger = ? AND status = 'open' AND step = 'none'
      AND ephemeral = 0 AND template = 0 AND type IN (SELECT value FROM json_each(?))
      ORDER BY priority, created DESC, id LIMIT ?`,
    [ledger, JSON.stringify(types), limit],
  );
}

/** The most recently closed beads of a type. */
export function lastClosedIds(index: BeadIndex, type: string, limit: number): string[] {
  return index.column(
    "SELECT id FROM beads WHERE finished = 1 AND type = ? AND status = 'closed' ORDER BY closed DESC LIMIT ?",
    [type, limit],
  );
}

/** Unfinished beads with an open blocker, their own or inherited. */
export function blockedIds(index: BeadIndex, filter: BeadFilter): string[] {
  const conditions = new Conditions();
  common(filter, conditions);
  conditions.add('pinned = 0 AND ephemeral = 0 AND template = 0');
  conditions.add('blocked = 1');
  return run(index, conditions, 'priority, created', filter.limit ?? 0);
}

export interface Counts {
  byStatus: Map<string, number>;
  total: number;
  blocked: number;
  ready: number;
  pinned: number;
  epicsEligible: number;
  /** Mean of closed − created of the closed beads, in hours. */
  leadTimeHours: number;
}

/** Statistics of the beads of one ledger or of all, and of one assignee or of all; without wisps. */
export function countBeads(
  index: BeadIndex,
  { ledger, assignee }: Pick<BeadFilter, 'ledger' | 'assignee'>,
  now: number,
): Counts {
  const scope = 'ephemeral = 0 AND (?1 IS NULL OR ledger = ?1) AND (?2 IS NULL OR assignee = ?2)';
  const params: SqlValue[] = [ledger ?? null, assignee ?? null];
  const byStatus = new Map(
    index
      .rows(`SELECT status, COUNT(*) FROM beads WHERE ${scope} GROUP BY status`, params)
      .map(([status, count]) => [String(status), Number(count)]),
  );
  const filter = { ...(ledger === undefined ? {} : { ledger }), ...(assignee === undefined ? {} : { assignee }) };
  return {
    byStatus,
    total: [...byStatus].reduce((sum, [status, count]) => sum + (status === 'tombstone' ? 0 : count), 0),
    blocked: blockedIds(index, filter).length,
    ready: readyIds(index, { ...filter, limit: 0 }, now).length,
    pinned: index.number(
      `SELECT COUNT(*) FROM beads WHERE ${scope} AND pinned = 1 AND status NOT IN ('closed', 'tombstone')`,
      params,
    ),
    epicsEligible: index.number(
      `SELECT COUNT(*) FROM beads WHERE ${scope} AND type = 'epic' AND status NOT IN ('closed', 'tombstone')
      AND EXISTS (SELECT 1 FROM dependencies d WHERE d.target = beads.id AND d.type = 'parent-child')
      AND NOT EXISTS (SELECT 1 FROM dependencies d JOIN beads child ON child.id = d.issue
        WHERE d.target = beads.id AND d.type = 'parent-child' AND child.status NOT IN ('closed', 'tombstone'))`,
      params,
    ),
    leadTimeHours: index.number(
      `SELECT COALESCE(AVG(closed - created), 0) / 3.6e9 FROM beads WHERE ${scope} AND status = 'closed'`,
      params,
    ),
  };
}

/** Labels with their counts, without deleted beads. */
export function labelCounts(index: BeadIndex, ledger: string | undefined): { label: string; count: number }[] {
  return index
    .rows(
      `SELECT label, COUNT(*) FROM labels JOIN beads ON beads.id = labels.bead
    WHERE status <> 'tombstone' AND (?1 IS NULL OR ledger = ?1) GROUP BY label ORDER BY label`,
      [ledger ?? null],
    )
    .map(([label, count]) => ({ label: String(label), count: Number(count) }));
}
