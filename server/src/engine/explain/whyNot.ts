import { blockingTypes } from '../../beads/index/blocking';
import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { BeadRef, WhyNot } from '../../protocol/board';
import { graphOf } from '../../formulas/pour/molecule';
import { requestsIn } from '../mergeQueue/requestIndex';
import { openStepsOf } from '../molecules/openSteps';
import { unlandedBeads, waitsForLanding } from '../convoys/feature';
import { wantedSince } from '../convoys/wanted';
import { belongsToPerson, openSources } from '../state/workingSet';
import type { TownView, WorkView } from '../state/townView';
import { overlapOf } from '../dispatch/overlaps';
import { isClosed, slingableTypes, workOf } from '../state/work';

/** Maximum number of beads that a row names; the others are counted. */
const NAMED = 5;
const BEGINS = new Set(['open', 'deferred']);

export interface WhyNotSources {
  store: BeadStore;
  /** The engine's view of the town. */
  view: TownView;
  /** Name of the runtime that a bead would run with. */
  runtimeOf(bead: Bead, rig: string): string | undefined;
}

/**
 * Explains why work on a bead has not started, with the functions that `bd ready`, `bd blocked` and the engine use.
 * Reasons that only the engine knows are computed once for all beads in its view.
 */
export class WhyNots {
  /** The moment, in milliseconds since 1970. */
  readonly now: number;
  private readonly wanted: ReadonlyMap<string, number>;
  private readonly unmerged: ReadonlySet<string>;
  private readonly holds: ReadonlyMap<string, WhyNot[]>;

  constructor(private readonly sources: WhyNotSources) {
    const { store, view } = sources;
    this.now = view.now;
    this.wanted = wantedSince(store);
    this.unmerged = new Set(
      [...openSources(store, requestsIn(store).waiting())].filter((id) => isClosed(store.get(id)?.status ?? '')),
    );
    this.holds = this.findHolds();
  }

  /** Beads that the engine holds back although `bd ready` may list them, with reasons that only the engine knows. */
  get held(): ReadonlyMap<string, readonly WhyNot[]> {
    return this.holds;
  }

  /** Milliseconds since 1970 at which the first of these reasons ends with time alone. */
  get nextEnd(): number | undefined {
    const ends = [...this.holds.values()].flatMap((reasons) =>
      reasons.flatMap((reason) => (reason.kind === 'backoff' ? [Date.parse(reason.until)] : [])),
    );
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  of(bead: Bead): WhyNot[] {
    if (isClosed(bead.status) || ['in_review', 'failed'].includes(bead.status)) return [];
    const reasons = [...this.deferred(bead), ...this.waits(bead), ...(this.holds.get(bead.id) ?? [])];
    if (['hooked', 'in_progress'].includes(bead.status))
      return this.pauses(bead) ?? reasons.filter((reason) => reason.kind === 'backoff' || reason.kind === 'steps');
    if (!BEGINS.has(bead.status)) return [...reasons, { kind: 'status', status: bead.status }];
    return reasons;
  }

  /** Why a ready bead has not been started. */
  hints(bead: Bead): WhyNot[] {
    if (!BEGINS.has(bead.status) || this.of(bead).length > 0) return [];
    if (!slingableTypes.has(bead.issue_type)) return [{ kind: 'type', type: bead.issue_type }];
    if (!this.wanted.has(bead.id)) return [{ kind: 'unslung' }];
    return this.sources.view.up ? [] : [{ kind: 'paused' }];
  }

  private deferred(bead: Bead): WhyNot[] {
    const by = this.sources.store.deferringBead(bead.id, this.now);
    if (!by) return [];
    const until = by.defer_until === undefined ? {} : { until: by.defer_until };
    return [{ kind: 'deferred', ...until, ...(by.id === bead.id ? {} : { parent: this.ref(by.id) }) }];
  }

  private waits(bead: Bead): WhyNot[] {
    const blockers = this.sources.store.blockerIds(bead.id);
    const own = new Set(
      (bead.dependencies ?? [])
        .filter((edge) => edge.type !== 'parent-child' && blockingTypes.has(edge.type))
        .map((edge) => edge.depends_on_id),
    );
    // `bd` reports a blocked ancestor if the bead itself has no open blocker.
    const [first] = blockers;
    if (first !== undefined && !own.has(first)) return [{ kind: 'parent', bead: this.ref(first) }];
    return blockers.length === 0 ? [] : [{ kind: 'waits', ...this.refs(blockers) }];
  }

  private findHolds(): Map<string, WhyNot[]> {
    const { store, view } = this.sources;
    const holds = new Map<string, WhyNot[]>();
    const add = (id: string, ...reasons: WhyNot[]): void => {
      if (reasons.length > 0) holds.set(id, [...(holds.get(id) ?? []), ...reasons]);
    };
    for (const work of view.work) if (work.slung) add(work.id, ...this.workHolds(work));
    for (const id of this.wanted.keys()) {
      const bead = store.get(id);
      if (bead && BEGINS.has(bead.status) && belongsToPerson(bead))
        add(id, { kind: 'person', name: bead.assignee ?? '' });
    }
    const unlanded = unlandedBeads(store);
    for (const source of unlanded.keys()) {
      for (const bead of store.dependents(source, 'blocks')) {
        const waits = BEGINS.has(bead.status) ? waitsForLanding(store, bead, unlanded) : undefined;
        if (waits && !holds.get(bead.id)?.some(({ kind }) => kind === 'unlanded'))
          add(bead.id, { kind: 'unlanded', bead: this.ref(waits.bead), convoy: this.ref(waits.convoy) });
      }
    }
    for (const source of this.unmerged) {
      for (const bead of store.dependents(source, 'blocks')) {
        if (!BEGINS.has(bead.status)) continue;
        const ids = (bead.dependencies ?? [])
          .filter((edge) => edge.type === 'blocks' && this.unmerged.has(edge.depends_on_id))
          .map((edge) => edge.depends_on_id);
        if (!holds.get(bead.id)?.some((reason) => reason.kind === 'unmerged'))
          add(bead.id, { kind: 'unmerged', ...this.refs(ids) });
      }
    }
    return holds;
  }

  private workHolds(work: WorkView): WhyNot[] {
    const { store, view } = this.sources;
    const bead = store.get(work.id);
    if (!bead || work.status === 'in_review') return [];
    const rig = view.rigs.find((candidate) => candidate.name === work.rig);
    const reasons: WhyNot[] = [];
    if (work.held) reasons.push({ kind: 'stopped' });
    if (work.pausedBy !== undefined && BEGINS.has(bead.status))
      reasons.push({ kind: 'convoy-paused', convoy: this.ref(work.pausedBy) });
    if (!rig) return [{ kind: 'rig', name: work.rig }];
    if (!rig.accepted) reasons.push({ kind: 'consent', what: 'rig', name: work.rig });
    else if (!work.consented) {
      const runtime = this.sources.runtimeOf(bead, work.rig);
      if (runtime !== undefined)
        reasons.push({ kind: 'consent', what: runtime === 'script' ? 'script' : 'runtime', name: runtime });
    }
    if (work.waitsForStep) reasons.push(...this.waitsForStep(bead));
    const overlap = BEGINS.has(bead.status) && !work.blocked ? overlapOf(view, rig, work) : undefined;
    if (overlap)
      reasons.push({
        kind: 'overlap',
        bead: this.ref(overlap.id),
        files: overlap.files.slice(0, NAMED),
        more: Math.max(0, overlap.files.length - NAMED),
      });
    if (work.notBefore > this.now) reasons.push({ kind: 'backoff', until: new Date(work.notBefore).toISOString() });
    return reasons;
  }

  /** Why a started bead is not being worked on. */
  private pauses(bead: Bead): WhyNot[] | undefined {
    const { held, paused } = workOf(bead);
    if (paused?.status === 'escalated') return [{ kind: 'escalated', message: paused.message }];
    return held ? [{ kind: 'stopped' }] : undefined;
  }

  private waitsForStep(bead: Bead): WhyNot[] {
    const steps = openStepsOf(graphOf(this.sources.store), bead);
    if (!steps) return [];
    const open = steps.open.map(({ issue }) => issue.id);
    return [
      {
        kind: 'steps',
        gates: this.refs(steps.gates.map(({ id }) => id)).beads,
        steps: this.refs(open).beads,
        more: Math.max(0, open.length - NAMED),
      },
    ];
  }

  private refs(ids: readonly string[]): { beads: BeadRef[]; more: number } {
    return { beads: ids.slice(0, NAMED).map((id) => this.ref(id)), more: Math.max(0, ids.length - NAMED) };
  }

  private ref(id: string): BeadRef {
    return refOf(this.sources.store, id);
  }
}

export function refOf(store: BeadStore, id: string): BeadRef {
  const bead = store.get(id);
  return bead ? { id, title: bead.title, status: bead.status } : { id };
}
