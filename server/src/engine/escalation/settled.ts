import type { Bead } from '../../protocol/bead';
import type { SessionView } from '../../sessions/types';
import { startKeyPrefix } from '../dispatch/startSession';
import type { Action } from '../loop/action';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import { landingKey } from '../mergeQueue/deferMerge';
import { isClosed } from '../state/work';
import { isHooked, type MergeView, type RigView, type TownView, type WorkView } from '../state/townView';
import { crashLoopKey, SHORT_LIFE_MS } from '../supervision/crashLoops';
import { causeOf } from './escalation';

/** Facts that decide whether the cause of an escalation still exists. */
export interface SettledFacts {
  now: number;
  /** Undefined for a bead that is unreadable. */
  statusOf(id: string): string | undefined;
  work: readonly Pick<WorkView, 'rig' | 'status' | 'startBlock'>[];
  merges: readonly Pick<MergeView, 'rig'>[];
  rigs: readonly Pick<RigView, 'name' | 'crashLooping'>[];
  sessions: readonly SessionView[];
}

/** For actions that keep failing, the key contains the action key (`actionKey`). */
const ACTION_KEY = /^(?:bead|convoy|gate):(.+)$/;

/**
 * Why an escalation is settled; undefined while its cause exists. One raised with `gt escalate` stays open until a
 * person closes it.
 */
export function settledReason(escalation: Bead, facts: SettledFacts): string | undefined {
  const { key, bead, rig, by } = causeOf(escalation);
  if (key === undefined || (by !== undefined && key !== bead)) return undefined;
  const subject = bead ?? ACTION_KEY.exec(key)?.[1];
  if (subject !== undefined) {
    const status = facts.statusOf(subject);
    return status !== undefined && isClosed(status) ? `${subject} is closed` : undefined;
  }
  if (rig === undefined) return undefined;
  if (key.startsWith(startKeyPrefix(rig)))
    return facts.work.some((work) => isHooked(work) && work.startBlock === key) ? undefined : 'no bead waits for it';
  if (key === landingKey(rig))
    return facts.merges.some((merge) => merge.rig === rig) ? undefined : 'nothing waits to be merged';
  if (key === crashLoopKey(rig)) return endOfCrashLoop(rig, Date.parse(escalation.updated_at), facts);
  return undefined;
}

/**
 * Settled once an agent has kept running or no work is left, not when the pause is over: the next agents may exit too.
 */
function endOfCrashLoop(name: string, since: number, facts: SettledFacts): string | undefined {
  const rig = facts.rigs.find((candidate) => candidate.name === name);
  if (!rig || rig.crashLooping) return undefined;
  if (!facts.work.some((work) => work.rig === name && isHooked(work))) return `no agent of ${name} has work`;
  const survivor = facts.sessions.find(
    (session) =>
      session.role === 'polecat' &&
      session.rig === name &&
      !session.exit &&
      session.startedAt > since &&
      facts.now - session.startedAt >= SHORT_LIFE_MS,
  );
  return survivor && `${survivor.agent} is running`;
}

/** Closes escalations whose cause is gone. */
export function settledEscalations(view: TownView): Action[] {
  return view.escalations.flatMap(({ id, revision, settled }): Action[] =>
    settled === undefined ? [] : [{ type: 'close-escalation', escalation: id, revision, reason: settled }],
  );
}

/** Closes a settled escalation. If its cause has returned meanwhile, the next failure reopens it. */
export async function closeSettled(
  action: Extract<Action, { type: 'close-escalation' }>,
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const { id } = assertRevision(tx, action.escalation, action.revision);
    tx.close(id, action.reason, { force: true });
  });
}
