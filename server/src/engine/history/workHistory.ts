import { matchesGlob } from '../../base/glob';
import type { Bead } from '../../protocol/bead';
import type { ReviewRecord, UsageRecord, WorkOutcome, WorkRecord } from '../../protocol/history';
import { parseAddress } from '../../town/layout';
import { slingableTypes, workOf } from '../state/work';
import { priced, usageOf, type Prices } from './costs';

/** Sorts after every ISO time. */
const NOT_YET = '9999';

/** A bead with its rig. */
export interface RigBead {
  bead: Bead;
  rig: string;
}

/** @param pattern undefined for all actors */
export function isOf(pattern: string | undefined, actor: string): boolean {
  return pattern === undefined || matchesGlob(pattern, actor);
}

/**
 * Work on beads by the actors that a pattern matches, latest last. Work belongs to the assignee; a bead that was closed
 * without ever being assigned is left out.
 */
export function workRecords(
  beads: readonly RigBead[],
  pattern: string | undefined,
  { languages, prices }: { languages: ReadonlyMap<string, readonly string[]>; prices: Prices },
): WorkRecord[] {
  return beads
    .filter(({ bead }) => slingableTypes.has(bead.issue_type) && bead.assignee && isOf(pattern, bead.assignee))
    .map((one) => recordOf(one, languages, prices))
    .sort(
      (a, b) => (a.closedAt ?? NOT_YET).localeCompare(b.closedAt ?? NOT_YET) || a.createdAt.localeCompare(b.createdAt),
    );
}

function recordOf(
  { bead, rig }: RigBead,
  languages: ReadonlyMap<string, readonly string[]>,
  prices: Prices,
): WorkRecord {
  const { started, merged, attempt, reviews, validation } = workOf(bead);
  const actor = bead.assignee ?? '';
  const isAgent = parseAddress(actor) !== undefined;
  return {
    bead: bead.id,
    title: bead.title,
    type: bead.issue_type,
    rig,
    labels: bead.labels ?? [],
    actor,
    ...(isAgent && started ? { runtime: started.runtime } : {}),
    ...(isAgent && started?.model !== undefined ? { model: started.model } : {}),
    outcome: outcomeOf(bead),
    createdAt: bead.created_at,
    ...(started ? { startedAt: started.at } : {}),
    ...(bead.closed_at === undefined ? {} : { closedAt: bead.closed_at }),
    ...(merged === undefined ? {} : { merged }),
    attempts: attempt,
    approvals: reviews.filter(({ verdict }) => verdict === 'approved').length,
    rejections: reviews.filter(({ verdict }) => verdict === 'rejected').length,
    usage: priced(usageOf(bead, actor), prices),
    ...(validation ? { validation } : {}),
    languages: [...((merged === undefined ? undefined : languages.get(merged)) ?? [])],
  };
}

function outcomeOf({ status }: Bead): WorkOutcome {
  if (status === 'closed') return 'completed';
  return status === 'failed' ? 'failed' : 'active';
}

/** What the conversations about beads have used, latest last. @param since ISO time */
export function usageRecords(beads: readonly RigBead[], since: string | undefined, prices: Prices): UsageRecord[] {
  const from = since === undefined ? -Infinity : Date.parse(since);
  return beads
    .flatMap(({ bead, rig }) =>
      Object.values(workOf(bead).usage ?? {}).map(
        ({ by, at, tokens }): UsageRecord => ({
          ...{ bead: bead.id, title: bead.title, rig, by, at },
          usage: priced(tokens, prices),
        }),
      ),
    )
    .filter(({ at }) => Date.parse(at) >= from)
    .sort((a, b) => a.at.localeCompare(b.at));
}

/** Review verdicts of the actors that a pattern matches, latest last. */
export function reviewRecords(beads: readonly RigBead[], pattern: string | undefined): ReviewRecord[] {
  return beads
    .flatMap(({ bead }) => workOf(bead).reviews.map(({ by, verdict, at }) => ({ bead: bead.id, by, verdict, at })))
    .filter(({ by }) => isOf(pattern, by))
    .sort((a, b) => a.at.localeCompare(b.at));
}
