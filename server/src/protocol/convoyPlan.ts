import type { WithDefaults } from './request';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/** The check of a convoy before it is launched. Field names are those of `gt convoy stage --json` in the Go `gt`. */

/**
 * Errors forbid the launch: `cycle`, `no-rig`, `no-runtime`, `not-accepted`. The others are warnings: `type` and
 * `outside` keep the convoy from landing automatically; `blocked-rig`, `orphan`, `cross-rig` and `capacity` are worth a
 * look.
 */
export type FindingCategory =
  | 'cycle'
  | 'no-rig'
  | 'no-runtime'
  | 'not-accepted'
  | 'type'
  | 'outside'
  | 'blocked-rig'
  | 'orphan'
  | 'cross-rig'
  | 'capacity';

export interface PlanFinding {
  category: FindingCategory;
  bead_ids: string[];
  message: string;
  /** What to run, or to do. */
  suggested_fix?: string;
}

export interface PlanTask {
  id: string;
  title: string;
  type: string;
  rig?: string;
  /** Beads of the convoy that this one waits for. */
  blocked_by?: string[];
}

export interface PlanNode {
  id: string;
  title: string;
  type: string;
  status: string;
  rig?: string;
  children?: PlanNode[];
}

/** How long the open beads will take, and what they will cost, estimated from finished beads of the same rig and type. */
export interface PlanForecast {
  /** From the launch to the last merge, with the workers that the rigs have; only for beads with an estimate. */
  minutes?: number;
  /** US dollars; missing if the cost of no finished bead like these is known. */
  cost?: number;
  /** Number of beads that `cost` leaves out, because the cost of none like them is known. */
  cost_unknown?: number;
  /** Number of finished beads behind the estimate. */
  samples: number;
  /** Beads without an estimate: no bead of their rig and type has been finished yet. */
  unknown: string[];
}

export interface PlanCheck {
  errors: PlanFinding[];
  warnings: PlanFinding[];
  /** A wave needs only the waves before it. */
  waves: { number: number; tasks: PlanTask[] }[];
  /** Beads that wait for something that the convoy does not track. */
  gated?: { id: string; title: string; type: string; gated_by: string[] }[];
  forecast: PlanForecast;
}

/** In the answers to requests that start work. */
export interface Started {
  /** The engine is paused: nothing starts until a person runs `gt up`. */
  enginePaused?: true;
}

export interface StagedPlan extends PlanCheck, Started {
  status: 'staged_ready' | 'staged_warnings' | 'error';
  /** Empty if errors kept it from being staged. */
  convoy_id: string;
  title: string;
  /** The convoy was staged before. */
  restaged: boolean;
  /** The convoy was launched as well. */
  launched: boolean;
  tree: PlanNode[];
}

export namespace ConvoyStage {
  export interface Params {
    /** A staged convoy, an epic, or beads. */
    ids: string[];
    /** Title of a new convoy; by default that of its epic or its first bead. */
    title?: string;
    /** Launch the convoy if there are no errors. */
    launch?: boolean;
    /** Launch the convoy despite warnings. */
    force?: boolean;
  }
  export const spec = request<Params, StagedPlan, WithDefaults<Params, 'launch' | 'force'>>(
    'gastown/convoy/stage',
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
