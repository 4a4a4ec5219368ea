import type { AuditEvent, Bead, Stats } from '../../protocol/bead';
import { BoardQueries } from './board';
import { blockedAncestor, childrenOf, descendantsOf, openBlockers, parentOf } from '../index/blocking';
import { deferringBead } from '../index/derivedState';
import type { Stored } from '../storage/codec';
import type { Ledger } from '../storage/ledger';
import { canonicalStatus } from '../model/fields';
import { bytesOf, compareIds, emptyText, withBeads, type LineProblem } from '../storage/ledgerText';
import {
  backlogIds,
  blockedIds,
  countBeads,
  labelCounts,
  lastClosedIds,
  listDefaultLimit,
  listIds,
  readyDefaultLimit,
  readyIds,
  type BeadFilter,
  type ListFilter,
  type ReadyFilter,
} from './queries';
import { predicateOf } from './conditions';
import { resolveId } from '../model/resolveId';
import type { LedgerRules } from '../model/validate';
import type { StoreState } from '../index/storeState';

/** Default number of events. */
export const EVENTS_SHOWN = 100;

/** All queries on the ledgers. Synchronous; they see exactly the durable state. */
export abstract class BeadReader {
  /** Lists by state and in the tree of epics. */
  readonly board: BoardQueries;

  protected constructor(
    protected readonly state: StoreState,
    protected readonly clock: () => Date,
  ) {
    this.board = new BoardQueries(() => state.index, state.onDidRecompute);
  }

  ledgerNames(): string[] {
    return [...this.state.ledgers.keys()];
  }

  /** The ledger that contains a bead, or that owns its prefix. */
  ledgerOf(id: string): string | undefined {
    return this.state.ledgerOf(id);
  }

  prefixOf(ledger: string): string | undefined {
    return this.state.ledgers.get(ledger)?.prefix;
  }

  /** The ledger for `hq-`, `hq` or a ledger's name. */
  ledgerNamed(nameOrPrefix: string): string | undefined {
    return this.state.ledgers.has(nameOrPrefix) ? nameOrPrefix : this.state.prefixes.ledgerOfPrefix(nameOrPrefix);
  }

  prefixes(): { prefix: string; ledger: string }[] {
    return this.state.prefixes.entries().map(([prefix, ledger]) => ({ prefix, ledger }));
  }

  /** Statuses and types that the ledger's settings add. */
  rulesOf(ledger: string): LedgerRules {
    return this.state.rulesOf(ledger);
  }

  /** Lines of `issues.jsonl` that could not be read; they are kept as they are. */
  problems(ledger: string): readonly LineProblem[] {
    return this.state.ledgers.get(ledger)?.problems ?? [];
  }

  /** Unreadable lines of all ledgers that have some. */
  problemsByLedger(): { ledger: string; directory: string; problems: readonly LineProblem[] }[] {
    return [...this.state.ledgers.values()].flatMap(({ name, directory, problems }) =>
      problems.length > 0 ? [{ ledger: name, directory, problems }] : [],
    );
  }

  get(id: string): Bead | undefined {
    return this.state.get(id);
  }

  /** Resolves a unique part of an id. Throws if none or several match. */
  resolve(partial: string, ledger?: string): string {
    return resolveId(
      this.state.index,
      this.state.prefixes,
      (id) => this.state.locate(id) !== undefined,
      partial,
      ledger,
    );
  }

  /** Lists beads: by default unfinished ones, and at most 50. */
  list(filter: ListFilter = {}): Bead[] {
    return this.filtered(filter, filter.limit ?? listDefaultLimit, (each) => listIds(this.state.index, each));
  }

  /** Beads that can be worked on now, by priority, oldest first; by default at most 100. */
  ready(filter: ReadyFilter = {}): Bead[] {
    const now = this.clock().getTime() * 1000;
    return this.filtered(filter, filter.limit ?? readyDefaultLimit, (each) => readyIds(this.state.index, each, now));
  }

  /** Unfinished beads that wait for another, or whose parent does. */
  blocked(filter: BeadFilter = {}): Bead[] {
    return this.beads(blockedIds(this.state.index, filter));
  }

  /** The open beads that a bead itself waits for. */
  blockers(id: string): Bead[] {
    return this.beads(this.blockerIds(id));
  }

  /**
   * Ids of the beads that a bead waits for, including those of no open ledger. For a bead that is only blocked through
   * an ancestor, the id of that ancestor.
   */
  blockerIds(id: string): string[] {
    const bead = this.get(id);
    if (!bead) return [];
    const own = openBlockers(this.state, bead);
    const ancestor = own.length === 0 ? blockedAncestor(this.state, bead) : undefined;
    return ancestor ? [ancestor.id] : own;
  }

  /** The bead itself, or the nearest ancestor, that is deferred. @param now milliseconds since 1970 */
  deferringBead(id: string, now = this.clock().getTime()): Bead | undefined {
    const bead = this.get(id);
    return bead && deferringBead(this.state, bead, now * 1000);
  }

  /** Beads that depend on this one. */
  dependents(id: string, type?: string): Bead[] {
    const edges = this.state.dependents(id).filter(({ edge }) => type === undefined || edge.type === type);
    return [...new Map(edges.map(({ bead }) => [bead.id, bead])).values()].sort((a, b) => compareIds(a.id, b.id));
  }

  /** Beads that this one depends on. */
  dependencies(id: string, type?: string): Bead[] {
    const edges = this.get(id)?.dependencies?.filter((edge) => type === undefined || edge.type === type) ?? [];
    return this.beads(edges.map((edge) => edge.depends_on_id));
  }

  children(id: string, recursive = false): Bead[] {
    const found = recursive ? descendantsOf(this.state, id) : childrenOf(this.state, id);
    return found.filter((bead) => bead.status !== 'tombstone');
  }

  parent(id: string): string | undefined {
    const bead = this.get(id);
    return bead && parentOf(bead);
  }

  labels(ledger?: string): { label: string; count: number }[] {
    return labelCounts(this.state.index, ledger);
  }

  /** @param assignee whose beads are counted; by default all */
  stats(ledger?: string, assignee?: string): Stats {
    const counts = countBeads(this.state.index, { ledger, assignee }, this.clock().getTime() * 1000);
    const of = (status: string): number => counts.byStatus.get(status) ?? 0;
    return {
      summary: {
        total_issues: counts.total,
        open_issues: of('open'),
        in_progress_issues: of('in_progress'),
        closed_issues: of('closed'),
        blocked_issues: counts.blocked,
        deferred_issues: of('deferred'),
        ready_issues: counts.ready,
        tombstone_issues: of('tombstone'),
        pinned_issues: counts.pinned,
        epics_eligible_for_closure: counts.epicsEligible,
        average_lead_time_hours: counts.leadTimeHours,
      },
    };
  }

  /** The first open beads of a ledger, by priority, newest first; no steps of molecules. */
  backlog(ledger: string, types: readonly string[], limit: number): Bead[] {
    return this.beads(backlogIds(this.state.index, ledger, types, limit));
  }

  /** The most recently closed beads of a type. */
  lastClosed(type: string, limit: number): Bead[] {
    return this.beads(lastClosedIds(this.state.index, type, limit));
  }

  /** The audit trail, oldest first: the last `limit` entries (0 = all), of one bead or of everything. */
  events(id?: string, limit = EVENTS_SHOWN, ledger?: string): AuditEvent[] {
    const ledgers = this.ledgersWithEvents(id).filter(({ name }) => ledger === undefined || name === ledger);
    const found = ledgers.flatMap(({ eventLog }) =>
      id === undefined ? firstOf(eventLog.newestFirst(), limit) : eventLog.ofBead(id, limit),
    );
    // Stable: within a batch the trails are newest first, like the batches.
    const newest = found.sort((a, b) => b.seq - a.seq).map(({ event }) => event);
    return (limit > 0 ? newest.slice(0, limit) : newest).reverse();
  }

  /** Events of a bead are stored in its ledger, or in that of its prefix. */
  private ledgersWithEvents(id: string | undefined): Ledger[] {
    const all = [...this.state.ledgers.values()];
    if (id === undefined) return all;
    const names = [this.state.locate(id)?.ledger, this.state.prefixes.ledgerOf(id)].filter(
      (name) => name !== undefined,
    );
    return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  }

  /** All beads of a ledger with their texts. */
  entries(ledger: string): ReadonlyMap<string, Stored> {
    return this.state.ledgers.get(ledger)?.entries ?? new Map();
  }

  /** The text of an `issues.jsonl` with a ledger's beads, sorted by id; wisps are never exported. */
  exportText(ledger: string, status?: string[], ids?: ReadonlySet<string>): { text: string; count: number } {
    const wanted = status && new Set(status.map(canonicalStatus));
    const beads = new Map(
      [...this.entries(ledger)].filter(
        ([id, { bead }]) => !bead.ephemeral && (!wanted || wanted.has(bead.status)) && (!ids || ids.has(id)),
      ),
    );
    return { text: bytesOf(withBeads(emptyText, beads)).toString('utf8'), count: beads.size };
  }

  /** The `.beads` folder of an open ledger. */
  directoryOf(ledger: string): string {
    const found = this.state.ledgers.get(ledger);
    if (!found) throw new Error(`no ledger ${ledger}`);
    return found.directory;
  }

  /** The file of beads of an open ledger. */
  fileOf(ledger: string): string {
    const found = this.state.ledgers.get(ledger);
    if (!found) throw new Error(`no ledger ${ledger}`);
    return found.issuesFile;
  }

  /** Reads the ledger's `config.yaml` again after a change. */
  configChanged(ledger: string): void {
    this.state.ledgers.get(ledger)?.readConfig();
  }

  /** An SQLite file with the index, for use with `sqlite3`. */
  exportDatabase(): Uint8Array {
    return this.state.index.exportDatabase();
  }

  /** Conditions without an index are evaluated for each bead, and the limit applies to the result. */
  private filtered<F extends BeadFilter>(filter: F, limit: number, find: (filter: F) => string[]): Bead[] {
    const holds = predicateOf(filter, this.clock());
    if (!holds) return this.beads(find(filter));
    const found = this.beads(find({ ...filter, limit: 0 })).filter(holds);
    return limit > 0 ? found.slice(0, limit) : found;
  }

  private beads(ids: readonly string[]): Bead[] {
    return ids.map((id) => this.get(id)).filter((bead) => bead !== undefined);
  }
}

/** @param limit 0 for all */
function firstOf<T>(items: Iterable<T>, limit: number): T[] {
  const found: T[] = [];
  for (const item of items) {
    found.push(item);
    if (found.length === limit) break;
  }
  return found;
}
