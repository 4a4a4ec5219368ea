import { z } from 'zod';
import { asPlainObject } from '../../base/objects';
import type { Bead } from '../../protocol/bead';

const tokens = z.number().nonnegative();
const conversationSchema = z.object({
  by: z.string(),
  /** ISO time of the end of its last session. */
  at: z.string(),
  tokens: z.array(
    z.object({ model: z.string(), input: tokens, output: tokens, cache_read: tokens, cache_write: tokens }),
  ),
});

/**
 * The engine's data about the work on a bead, kept on the bead (`metadata.gastown`), so that a crash of any process
 * loses nothing.
 */
const workSchema = z.looseObject({
  /** The bead was slung by name. */
  slung: z
    .object({
      rig: z.string(),
      by: z.string(),
      at: z.string(),
      agent: z.string().optional(),
      runtime: z.string().optional(),
      model: z.string().optional(),
    })
    .optional(),
  /** Id of the molecule with its steps. */
  molecule: z.string().optional(),
  branch: z.string().optional(),
  /** Commit that the branch was created from. */
  base: z.string().optional(),
  /** Polecats whose commits the branch contains, after a restore. */
  formerWorkers: z.array(z.string()).optional(),
  /** Commit that the agent was instructed to rebase onto, after a conflict. */
  rebaseOnto: z.string().optional(),
  /** Number of the attempt: from 1, increased after each failure. */
  attempt: z.number().int().default(0),
  /** Start of the first session, and runtime of the last one. */
  started: z.object({ at: z.string(), runtime: z.string(), model: z.string().optional() }).optional(),
  /** Consecutive starts that failed for a temporary reason, such as the network. */
  startFailures: z.number().int().default(0),
  /** Key of the escalation that asks a person for the missing prerequisites of its session. */
  startBlock: z.string().optional(),
  /** Consecutive kills of its session without progress. */
  deaths: z.number().int().default(0),
  /** Fingerprint of the work when its session last died; a different one means progress. */
  progress: z.string().optional(),
  /** ISO time before which no session is started. */
  notBefore: z.string().optional(),
  /** Supervision steps for its silent agent since its last progress. */
  silence: z.object({ steps: z.number().int(), progress: z.string(), at: z.string() }).optional(),
  /**
   * Its agent ended the session without submitting (`gt done --status`). `mark`: a fingerprint of the open steps
   * (`OpenSteps`); work resumes automatically when that changes. Without it the bead waits until it is slung again.
   */
  paused: z
    .object({ status: z.enum(['escalated', 'deferred']), message: z.string(), mark: z.string().optional() })
    .optional(),
  /** Message of the last session to the next one. */
  handoff: z
    .object({
      message: z.string(),
      at: z.string(),
      progress: z.string().default(''),
      idle: z.number().int().default(0),
    })
    .optional(),
  /** A person stopped the work: it waits until it is slung again or the engine is started. */
  held: z.boolean().optional(),
  /** For the next attempt: why the last one was sent back, with the output of the gate. */
  feedback: z.string().optional(),
  /** Summary of the feedback in one line, for display. */
  problem: z.string().optional(),
  /** The commit that a merge was about to land: stored on the bead, independent of its merge request. */
  candidate: z.string().optional(),
  /** Commit on the branch where it landed. */
  merged: z.string().optional(),
  /** Feature branch on which it landed; missing for the rig's own target. */
  target: z.string().optional(),
  /** Commit of the rig's own target that this work merges into a feature branch: its history has to stay. */
  mergesTarget: z.string().optional(),
  /** Who validated the landed change, and how. `null`: not checked. */
  validation: z
    .object({
      validated_by: z.string(),
      validation_type: z.enum(['merge', 'direct-landing']),
      timestamp: z.string(),
      quality_signals: z.record(z.string(), z.boolean().nullable()),
    })
    .optional(),
  /** Reviews since the start of the work, oldest first. */
  reviews: z
    .array(
      z.object({
        by: z.string(),
        verdict: z.enum(['approved', 'rejected']),
        message: z.string(),
        patch: z.string(),
        at: z.string(),
        /** The author's note about the change. */
        note: z.string().optional(),
        /** One of several verdicts on the same version, which did not decide alone. */
        part: z.literal(true).optional(),
      }),
    )
    .default([]),
  /** Tokens used by the agents on it, by conversation. */
  usage: z.record(z.string(), conversationSchema).optional().catch(undefined),
  /** Number of rejections that are no longer in `reviews`, which only has the latest. */
  olderRejections: z.number().int().optional(),
});

export type Work = z.output<typeof workSchema>;

const checkSchema = z.object({
  gate: z.string(),
  passed: z.boolean(),
  /** ISO time at which the gate ended. */
  at: z.string(),
  /** Duration; missing for a cached result. */
  seconds: z.number().optional(),
});
/** The result of one gate for a merge request. */
export type Check = z.output<typeof checkSchema>;

const reviewerSchema = z.object({
  /** The patch that was shown to the live session. */
  shown: z.string().optional(),
  /** How often it was asked and did not answer. */
  unanswered: z.number().int().default(0),
  /** The reviewer does not answer: a person decides instead. */
  person: z.boolean().optional(),
  /** ISO time of the next request for a review. */
  notBefore: z.string().optional(),
  answer: z
    .object({ verdict: z.enum(['approved', 'rejected']), by: z.string(), message: z.string(), at: z.string() })
    .optional(),
});
/** The state of one reviewer for one version of a change. */
export type ReviewerState = z.output<typeof reviewerSchema>;

const mergeSchema = z.looseObject({
  /** The bead of the change; for a `landing`, the convoy. */
  source: z.string(),
  /** Whether it lands the feature branch of a convoy on the rig's own target. */
  landing: z.boolean().optional(),
  /** A landing: further work has reached the feature branch since it was requested. */
  outdated: z.boolean().optional(),
  rig: z.string(),
  branch: z.string(),
  /** Tip of the branch when it was submitted. */
  commit: z.string(),
  /** The author agent. */
  worker: z.string(),
  /** Feature branch of the change; missing for the rig's own target. */
  target: z.string().optional(),
  /** Whether it failed because the remote refused it. Retried on request or after a change of the rig. */
  refused: z.boolean().optional(),
  /** The last request of its batch, whose name the logs of the gates have. */
  testedWith: z.string().optional(),
  /** Commit that has passed all gates and is about to be pushed, or was. */
  candidate: z.string().optional(),
  /** The author's note about the change (`gt done -m`). */
  note: z.string().optional(),
  review: z
    .object({
      state: z.enum(['waiting', 'approved']),
      /** Patch-id under review or reviewed: an approval covers only this patch. */
      patch: z.string(),
      /** The commit that would land, and its base. */
      commit: z.string(),
      base: z.string(),
      by: z.string().optional(),
      message: z.string().optional(),
      /** State of each reviewer for this patch: see `review/reviewers.ts`. */
      reviewers: z.record(z.string(), reviewerSchema).default({}),
    })
    .optional(),
  /** The author states that nothing has to change, with the reason in `note`: nothing lands. */
  noChange: z.boolean().optional(),
  /** Position that a person has set: smaller ones are merged sooner; equal ones, and those without (0), by score. */
  order: z.number().optional(),
  /** An older form of `order: -1`. */
  first: z.boolean().optional(),
  /** How it ended: missing while it is open, and if it or its bead was closed by hand. */
  ending: z.enum(['merged', 'no-change', 'rejected']).optional(),
  /** The commit on the landing branch. */
  landed: z.string().optional(),
  /** Results of the last gate runs for the request. */
  checks: z.array(checkSchema).optional(),
  /** A person, or the Mayor for one, landed this `commit` directly, without the queue and a review. */
  direct: z
    .object({
      by: z.string(),
      at: z.string(),
      commit: z.string().optional(),
      force: z.boolean().optional(),
      skipTests: z.boolean().optional(),
    })
    .optional(),
  /**
   * The pull request by which it is merged. `open`: it is watched; `stale`: its branch has to be pushed again, on top
   * of the current target; `closed`: it is merged or closed, or belongs to a later request for the same bead.
   */
  pullRequest: z
    .object({
      state: z.enum(['open', 'stale', 'closed']),
      number: z.number().int(),
      url: z.string(),
      /** The branch at the provider. */
      branch: z.string(),
      /** Pushed commit, which has passed the gates, and its base, a tip of the target. */
      head: z.string(),
      base: z.string(),
      /** Fingerprint of the state in the last poll, and number of polls with it. */
      seen: z.string().default(''),
      looks: z.number().int().default(0),
    })
    .optional(),
  /**
   * The request is suspected of failing a gate: as `commit`, in a chain on top of `base`; `before` passes. The gate is
   * repeated before the change is blamed.
   */
  suspected: z
    .object({
      gate: z.string(),
      problem: z.string(),
      commit: z.string(),
      base: z.string(),
      before: z.string().optional(),
    })
    .optional(),
  /** Number of attempts that failed for other reasons (target moved, push failed). */
  retries: z.number().int().default(0),
  notBefore: z.string().optional(),
});

export type MergeRequest = z.output<typeof mergeSchema>;
/** The pull request of a merge request. */
export type PullRequestRecord = NonNullable<MergeRequest['pullRequest']>;

export const MERGE_REQUEST = 'merge_request';
export const CONVOY = 'convoy';
/** Label of a convoy that its creator lands: it does not close automatically. As in the Go `gt`. */
export const OWNED_LABEL = 'gt:owned';
export const ESCALATION = 'escalation';

/** Types that only the town creates, and the metadata keys that only it writes. */
export { engineTypes, localKeys as enginesKeys } from '../../beads/storage/localMetadata';

/** Types that can be slung; all others (messages, molecules, epics …) are never dispatched. */
export const slingableTypes: ReadonlySet<string> = new Set(['task', 'bug', 'feature', 'chore', 'issue']);

function metadataOf(bead: Bead): Record<string, unknown> {
  return asPlainObject(bead.metadata);
}

/** Beads are immutable, so that parsed metadata can be cached by bead. */
const readWork = new WeakMap<Bead, Work>();

/** The work data of a bead. Metadata may come from a pull: invalid data is read as no work. */
export function workOf(bead: Bead): Work {
  let work = readWork.get(bead);
  if (!work) {
    const parsed = workSchema.safeParse(metadataOf(bead).gastown ?? {});
    readWork.set(bead, (work = parsed.success ? parsed.data : workSchema.parse({})));
  }
  return work;
}

/** The bead's metadata with changes of the work data; undefined clears a key. */
export function withWork(bead: Bead, changes: Partial<Work>): Record<string, unknown> {
  return { ...metadataOf(bead), gastown: stripUndefined({ ...workOf(bead), ...changes }) };
}

const readMerge = new WeakMap<Bead, { request?: MergeRequest }>();

export function mergeOf(bead: Bead): MergeRequest | undefined {
  if (bead.issue_type !== MERGE_REQUEST && bead.issue_type !== 'merge-request') return undefined;
  let read = readMerge.get(bead);
  if (!read) {
    const parsed = mergeSchema.safeParse(metadataOf(bead).merge);
    readMerge.set(bead, (read = parsed.success ? { request: parsed.data } : {}));
  }
  return read.request;
}

/** Position in the queue: see `MergeRequest.order`. */
export function orderOf({ order, first }: MergeRequest): number {
  return order ?? (first ? -1 : 0);
}

export function withMerge(bead: Bead, changes: Partial<MergeRequest>): Record<string, unknown> {
  return { ...metadataOf(bead), merge: stripUndefined({ ...mergeOf(bead), ...changes }) };
}

function stripUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));
}

const convoySchema = z.looseObject({
  launched_at: z.string().optional(),
  /** Addresses to notify when it lands, as `recipient` returns them. */
  notify: z.array(z.string()).default([]),
  /** Agents among these that also get a line in their terminal. */
  nudge: z.array(z.string()).default([]),
  /** Why a person closed it before its work was done. */
  cancelled: z.string().optional(),
  /** Set if a person paused the convoy: none of its beads is started. */
  paused: z.object({ by: z.string(), at: z.string(), reason: z.string().optional() }).optional(),
  /** The feature branch that collects the beads and lands as a whole. */
  feature: z
    .object({
      branch: z.string(),
      /** State of the branch by rig. */
      rigs: z
        .record(
          z.string(),
          z.object({
            /** Tip of the branch, after the last landed bead. */
            tip: z.string().optional(),
            /** The merge commit that is about to be pushed to the target, or was. */
            candidate: z.string().optional(),
            /** The landed commit on the target. */
            landed: z.string().optional(),
          }),
        )
        .default({}),
      /** Its owner has asked for its landing. */
      requested: z.object({ by: z.string(), at: z.string() }).optional(),
    })
    .optional(),
  /** Set if the Mayor created the convoy as the answer to this request. */
  plan: z.object({ request: z.string(), by: z.string(), note: z.string().optional() }).optional(),
});
export type ConvoyDetails = z.output<typeof convoySchema>;

export function convoyOf(bead: Bead): ConvoyDetails {
  const parsed = convoySchema.safeParse(metadataOf(bead).convoy ?? {});
  return parsed.success ? parsed.data : convoySchema.parse({});
}

export function withConvoy(bead: Bead, changes: Partial<ConvoyDetails>): Record<string, unknown> {
  return { ...metadataOf(bead), convoy: stripUndefined({ ...convoyOf(bead), ...changes }) };
}

/** Whether a convoy was created in this town. Convoys from a pull or an import have no data of the engine. */
export function isOfThisTown(convoy: Bead): boolean {
  return metadataOf(convoy).convoy !== undefined;
}

export function isOwned(convoy: Bead): boolean {
  return convoy.labels?.includes(OWNED_LABEL) ?? false;
}

/** Whether a convoy was launched in this town. Convoys from a pull or an import are shown but dispatch nothing. */
export function isLaunched(convoy: Bead): boolean {
  return convoy.status === 'open' && convoyOf(convoy).launched_at !== undefined;
}

/** Ids of the beads that a convoy tracks. */
export function trackedIds(convoy: Bead): string[] {
  return (convoy.dependencies ?? []).filter((edge) => edge.type === 'tracks').map((edge) => edge.depends_on_id);
}

/** Number of failed attempts, without rejections, which have their own limit. */
export function failuresOf(work: Work): number {
  return work.attempt - rejectionsOf(work);
}

/** Whether a review sent back a version of the change. */
export function isRejectedRound(review: Pick<Work['reviews'][number], 'verdict' | 'part'>): boolean {
  return review.verdict === 'rejected' && !review.part;
}

/** Number of versions of the change that reviewers have sent back. */
export function rejectionsOf(work: Work): number {
  return (work.olderRejections ?? 0) + work.reviews.filter(isRejectedRound).length;
}

/** Base commits of an agent's branch, which are not its own. */
export function basesOf(work: Work): string[] {
  return [work.base, work.rebaseOnto].filter((base) => base !== undefined);
}

/** Whether a bead is finished and never dispatched again. */
export function isClosed(status: string): boolean {
  return status === 'closed' || status === 'tombstone';
}
