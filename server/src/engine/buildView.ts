import type { BeadStore } from '../beads/store';
import type { Bead } from '../protocol/bead';
import { defaultNames } from '../town/names';
import type { RigSettings } from '../town/config';
import type { RigPort, SessionPort } from './ports';
import type { ConvoyView, MergeView, RigView, TownView, WorktreeView, WorkView } from './view';
import { CONVOY, isClosed, MERGE_REQUEST, mergeOf, slingableTypes, workOf } from './work';

/** A rig as the view needs it. */
export interface ViewedRig {
  port: RigPort;
  settings: RigSettings;
  accepted: boolean;
  lastSpawnAt: number;
}

export interface ViewSources {
  store: BeadStore;
  sessions: SessionPort;
  rigs: ViewedRig[];
  up: boolean;
  now: Date;
  inFlight: ReadonlySet<string>;
  /** Whether a person has accepted what would run for this bead (its runtime, its script). */
  consented(bead: Bead, rig: string): boolean;
}

const IN_WORK = new Set(['hooked', 'in_progress', 'in_review']);

/** Reads the town as it is at this moment. */
export function buildView(sources: ViewSources): TownView {
  const { store } = sources;
  const convoys = store.list({ type: [CONVOY], limit: 0 });
  const requests = store.list({ type: [MERGE_REQUEST], limit: 0 });
  const launched = convoys.filter((convoy) => convoy.status === 'open');
  const trackedBy = new Map<string, number>();
  for (const convoy of launched) {
    for (const edge of convoy.dependencies ?? []) {
      if (edge.type !== 'tracks') continue;
      trackedBy.set(edge.depends_on_id, Math.min(trackedBy.get(edge.depends_on_id) ?? Infinity, Date.parse(convoy.created_at)));
    }
  }
  return {
    now: sources.now.getTime(), up: sources.up, inFlight: sources.inFlight,
    rigs: sources.rigs.map(rigView),
    work: workViews(sources, trackedBy, new Set(requests.flatMap((bead) => mergeOf(bead)?.source ?? []))),
    merges: requests.flatMap((bead) => mergeView(bead, trackedBy)),
    sessions: sources.sessions.all(),
    worktrees: sources.rigs.flatMap((rig) => worktreeViews(store, rig.port, requests)),
    convoys: launched.map((convoy) => convoyView(store, convoy)),
  };
}

function rigView(rig: ViewedRig): RigView {
  const { settings } = rig;
  return {
    name: rig.port.name, accepted: rig.accepted, lastSpawnAt: rig.lastSpawnAt,
    maxWorkers: settings.max_workers, spawnDelayMs: settings.worker_spawn_delay * 1000,
    maxAttempts: settings.max_attempts, maxRestarts: settings.max_restarts,
    pool: settings.namepool.names ?? defaultNames,
  };
}

/** Beads that were slung by name, that a launched convoy tracks, or that are in work. */
function workViews(sources: ViewSources, trackedBy: ReadonlyMap<string, number>, unmerged: ReadonlySet<string>): WorkView[] {
  const { store } = sources;
  const beads = store.list({ type: [...slingableTypes], status: ['open', ...IN_WORK], limit: 0 });
  return beads.flatMap((bead): WorkView[] => {
    const work = workOf(bead);
    const slung = work.slung !== undefined || trackedBy.has(bead.id);
    if (!slung && !IN_WORK.has(bead.status)) return [];
    const ledger = store.ledgerOf(bead.id);
    const rig = work.slung?.rig ?? (ledger === 'hq' ? undefined : ledger);
    if (!rig) return [];
    return [{
      id: bead.id, rig, status: bead.status, assignee: bead.assignee, priority: bead.priority,
      createdAt: Date.parse(bead.created_at), revision: bead.updated_at,
      blocked: bead.status === 'open' && isBlocked(store, bead, unmerged),
      slung, held: work.held ?? false, attempt: work.attempt, deaths: work.deaths,
      notBefore: time(work.notBefore), wantedName: work.slung?.agent, consented: sources.consented(bead, rig),
    }];
  });
}

/** A dependency is met when its bead is closed and no unmerged merge request names it. */
function isBlocked(store: BeadStore, bead: Bead, unmerged: ReadonlySet<string>): boolean {
  return store.blockerIds(bead.id).length > 0
    || (bead.dependencies ?? []).some((edge) => edge.type === 'blocks' && unmerged.has(edge.depends_on_id));
}

function mergeView(bead: Bead, trackedBy: ReadonlyMap<string, number>): MergeView[] {
  const merge = mergeOf(bead);
  if (!merge || bead.status === 'failed') return [];
  return [{
    id: bead.id, rig: merge.rig, source: merge.source, revision: bead.updated_at, priority: bead.priority,
    createdAt: Date.parse(bead.created_at), convoyCreatedAt: trackedBy.get(merge.source) ?? 0,
    retries: merge.retries, notBefore: time(merge.notBefore),
  }];
}

function worktreeViews(store: BeadStore, rig: RigPort, requests: readonly Bead[]): WorktreeView[] {
  return rig.worktrees().map(({ name, bead }) => {
    const status = bead === undefined ? undefined : store.get(bead)?.status;
    const unmerged = requests.some((request) => mergeOf(request)?.source === bead);
    return { rig: rig.name, name, bead, finished: status !== undefined && isClosed(status) && !unmerged };
  });
}

function convoyView(store: BeadStore, convoy: Bead): ConvoyView {
  const tracked = (convoy.dependencies ?? []).filter((edge) => edge.type === 'tracks').map((edge) => {
    const bead = store.get(edge.depends_on_id);
    return { id: edge.depends_on_id, closed: bead !== undefined && isClosed(bead.status) };
  });
  return { id: convoy.id, revision: convoy.updated_at, status: convoy.status, tracked };
}

function time(iso: string | undefined): number {
  return iso ? Date.parse(iso) : 0;
}
