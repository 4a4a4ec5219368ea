import { z } from 'zod';
import { asPlainObject } from '../../base/objects';
import type { Bead } from '../../protocol/bead';

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
  /** Commit that the branch was made from. */
  base: z.string().optional(),
  /** Polecats whose commits it continues, after it was restored. */
  formerWorkers: z.array(z.string()).optional(),
  /** Commit that the agent was told to rebase onto, after a conflict. */
  rebaseOnto: z.string().optional(),
  /** Number of the attempt: 1 for the first, one more after each failure. */
  attempt: z.number().int().default(0),
  /** When its first session started, and what ran the last one. */
  started: z.object({ at: z.string(), runtime: z.string(), model: z.string().optional() }).optional(),
  /** Consecutive starts that failed for a temporary reason, such as the network. */
  startFailures: z.number().int().default(0),
  /** Key of the escalation that asks a person for what its session needs to start. */
  startBlock: z.string().optional(),
  /** Consecutive times that its session was killed without progress. */
  deaths: z.number().int().default(0),
  /** Fingerprint of the work when its session last died; a different one means progress. */
  progress: z.string().optional(),
  /** ISO time before which no session is started. */
  notBefore: z.string().optional(),
  /** Supervision steps for its silent agent since its last progress. */
  silence: z.object({ steps: z.number().int(), progress: z.string(), at: z.string() }).optional(),
  /**
   * Its agent ended the session without submitting (`gt done --status`). `mark`: a fingerprint of the open steps
   * (`OpenSteps`); work resumes by itself when that changes. Without it the bead waits until it is slung again.
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
  /** A person stopped it: it waits until it is slung again or the engine is started. */
  held: z.boolean().optional(),
  /** For the next attempt: why the last one was sent back, with the output of the gate. */
  feedback: z.string().optional(),
  /** One line of the same, for people. */
  problem: z.string().optional(),
  /** The commit that a merge was about to land: kept with the bead, whatever becomes of its merge request. */
  candidate: z.string().optional(),
  /** Commit on the branch where it landed. */
  merged: z.string().optional(),
  /** Feature branch that it landed on; missing for the rig's own target. */
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
        /** One of several answers to the same version, which decided nothing by itself. */
        part: z.literal(true).optional(),
      }),
    )
    .default([]),
  /** How many rejections are no longer among `reviews`, as only the latest are kept. */
  olderRejections: z.number().int().optional(),
});

export type Work = z.output<typeof workSchema>;

const checkSchema = z.object({
  gate: z.string(),
  passed: z.boolean(),
  /** ISO time at which it ended. */
  at: z.string(),
  /** Duration; missing where a known result for the same files was reused. */
  seconds: z.number().optional(),
});
/** How one gate ended for a merge request. */
export type Check = z.output<typeof checkSchema>;

const reviewerSchema = z.object({
  /** The patch that its living session was shown. */
  shown: z.string().optional(),
  /** How often it was asked and did not answer. */
  unanswered: z.number().int().default(0),
  /** It does not answer: a person decides in its place. */
  person: z.boolean().optional(),
  /** ISO time before which it is not asked again. */
  notBefore: z.string().optional(),
  answer: z
    .object({ verdict: z.enum(['approved', 'rejected']), by: z.string(), message: z.string(), at: z.string() })
    .optional(),
});
/** What is known of one reviewer of one version of a change. */
export type ReviewerState = z.output<typeof reviewerSchema>;

const mergeSchema = z.looseObject({
  /** The bead whose work it is; of a `landing`, the convoy. */
  source: z.string(),
  /** The feature branch of a convoy is to land on the rig's own target. */
  landing: z.boolean().optional(),
  rig: z.string(),
  branch: z.string(),
  /** Tip of the branch when it was submitted. */
  commit: z.string(),
  /** The author agent. */
  worker: z.string(),
  /** Feature branch that it lands on; missing for the rig's own target. */
  target: z.string().optional(),
  /** Failed because the remote refused it. Retried on request or after a change of the rig. */
  refused: z.boolean().optional(),
  /** The last request of its batch: the logs of its gates are under that name. */
  testedWith: z.string().optional(),
  /** Passed all gates and is about to be pushed, or was. */
  candidate: z.string().optional(),
  /** What its author says about it (`gt done -m`). */
  note: z.string().optional(),
  review: z
    .object({
      state: z.enum(['waiting', 'approved']),
      /** Patch-id under review or reviewed: an approval covers only this patch. */
      patch: z.string(),
      /** The commit that would land, and what it stands on. */
      commit: z.string(),
      base: z.string(),
      by: z.string().optional(),
      message: z.string().optional(),
      /** Who was asked about this patch, and what they have answered: see `review/reviewers.ts`. */
      reviewers: z.record(z.string(), reviewerSchema).default({}),
    })
    .optional(),
  /** The author states that nothing has to change, with the reason in `note`: nothing lands. */
  noChange: z.boolean().optional(),
  /**
   * Its place where a person has set it: smaller ones are merged sooner; those of the same place, and of none (0), by
   * score.
   */
  order: z.number().optional(),
  /** An older form of the order -1. */
  first: z.boolean().optional(),
  /** How it ended: missing while it is open, and where somebody closed it by hand or has closed its bead. */
  ending: z.enum(['merged', 'no-change', 'rejected']).optional(),
  /** The commit on the landing branch. */
  landed: z.string().optional(),
  /** How the gates ended when they last ran for it. */
  checks: z.array(checkSchema).optional(),
  /** A person, or the Mayor for one, landed this `commit` of it without waiting for its turn and its review. */
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
   * of the target as it is now; `closed`: it is merged or closed, or belongs to a later request for the same bead.
   */
  pullRequest: z
    .object({
      state: z.enum(['open', 'stale', 'closed']),
      number: z.number().int(),
      url: z.string(),
      /** The branch at the provider. */
      branch: z.string(),
      /** Commit that was pushed there and has passed the gates, and the tip of the target that it stands on. */
      head: z.string(),
      base: z.string(),
      /** What it was like when it was last looked at, and how often it was like that. */
      seen: z.string().default(''),
      looks: z.number().int().default(0),
    })
    .optional(),
  /**
   * It was found to fail a gate, as `commit`, in a chain on top of `base`; `before` passes it. The gate runs once more
   * before it is blamed for that.
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
  /** Times it could not be tried (target moved, push failed). */
  retries: z.number().int().default(0),
  notBefore: z.string().optional(),
});

export type MergeRequest = z.output<typeof mergeSchema>;
/** The pull request of a merge request. */
export type PullRequestRecord = NonNullable<MergeRequest['pullRequest']>;

export const MERGE_REQUEST = 'merge_request';
export const CONVOY = 'convoy';
/** Label of a convoy that whoever created it lands: it does not close by itself. As in the Go `gt`. */
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

/** Metadata may come by a pull from anywhere: invalid data is read as no work. */
export function workOf(bead: Bead): Work {
  let work = readWork.get(bead);
  if (!work) {
    const parsed = workSchema.safeParse(metadataOf(bead).gastown ?? {});
    readWork.set(bead, (work = parsed.success ? parsed.data : workSchema.parse({})));
  }
  return work;
}

/** The bead's metadata with the work's changes; undefined clears a key. */
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

/** Its place in the queue: see `MergeRequest.order`. */
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
  /** Why a person closed it before its work was done. */
  cancelled: z.string().optional(),
  /** A person paused it: none of its beads is started. */
  paused: z.object({ by: z.string(), at: z.string(), reason: z.string().optional() }).optional(),
  /** Its beads are collected on a feature branch, which lands as a whole. */
  feature: z
    .object({
      branch: z.string(),
      /** What is there, by rig. */
      rigs: z
        .record(
          z.string(),
          z.object({
            /** Where the last bead of it landed. */
            tip: z.string().optional(),
            /** The merge commit that is about to be pushed to the target, or was. */
            candidate: z.string().optional(),
            /** Its commit on the target. */
            landed: z.string().optional(),
          }),
        )
        .default({}),
      /** Its owner has asked for its landing. */
      requested: z.object({ by: z.string(), at: z.string() }).optional(),
    })
    .optional(),
  /** The Mayor made it in answer to this request. */
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

/** Of a convoy: made here. What came by pull or import has none of the engine's data. */
export function isOfThisTown(convoy: Bead): boolean {
  return metadataOf(convoy).convoy !== undefined;
}

export function isOwned(convoy: Bead): boolean {
  return convoy.labels?.includes(OWNED_LABEL) ?? false;
}

/** Launched in this town. Convoys that came by pull or import are shown but dispatch nothing. */
export function isLaunched(convoy: Bead): boolean {
  return convoy.status === 'open' && convoyOf(convoy).launched_at !== undefined;
}

/** Ids of what a convoy tracks. */
export function trackedIds(convoy: Bead): string[] {
  return (convoy.dependencies ?? []).filter((edge) => edge.type === 'tracks').map((edge) => edge.depends_on_id);
}

/** Attempts that failed by themselves: rejections have a bound of their own. */
export function failuresOf(work: Work): number {
  return work.attempt - rejectionsOf(work);
}

/** A version of the change was sent back with it. */
export function isRejectedRound(review: Pick<Work['reviews'][number], 'verdict' | 'part'>): boolean {
  return review.verdict === 'rejected' && !review.part;
}

/** How many versions of its change reviewers have sent back. */
export function rejectionsOf(work: Work): number {
  return (work.olderRejections ?? 0) + work.reviews.filter(isRejectedRound).length;
}

/** Commits that an agent's branch stands on: they are not its own. */
export function basesOf(work: Work): string[] {
  return [work.base, work.rebaseOnto].filter((base) => base !== undefined);
}

/** The bead is finished and is never dispatched again. */
export function isClosed(status: string): boolean {
  return status === 'closed' || status === 'tombstone';
}
