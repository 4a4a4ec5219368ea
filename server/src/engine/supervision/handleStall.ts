import type { Transaction } from '../../beads/store';
import type { Action } from '../loop/action';
import { parseAddress } from '../../town/layout';
import { actors, requireRig, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import { escalate } from '../escalation/escalation';
import { sendMail } from '../mail/mail';
import { withWork, workOf, type Work } from '../state/work';

type HandleStallAction = Extract<Action, { type: 'handle-stall' }>;

/**
 * Maximum number of nudges for an agent with unsubmitted work. An agent without such work gets one nudge, then a
 * restart.
 */
const MAX_NUDGES = 3;

export type NextStep = 'nudge' | 'restart' | 'mayor' | 'person' | 'wait';

/**
 * Decides the supervision step for a silent agent. Pure.
 * @param steps steps since its last progress
 * @param unsubmitted whether there are changes or commits that were not submitted
 */
export function nextStep(state: { steps: number; unsubmitted: boolean; takesNudges: boolean }): NextStep {
  // An agent that is silent again without progress may be slow, such as in a long build: it continues, and a person is
  // notified.
  if (!state.takesNudges) return state.steps === 0 ? 'restart' : state.steps === 1 ? 'person' : 'wait';
  if (!state.unsubmitted) return state.steps === 0 ? 'nudge' : 'restart';
  if (state.steps < MAX_NUDGES) return 'nudge';
  return state.steps === MAX_NUDGES ? 'mayor' : state.steps === MAX_NUDGES + 1 ? 'person' : 'wait';
}

/** Handles a silent agent: nudges it, restarts it, or escalates. */
export async function handleStall(action: HandleStallAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const name = parseAddress(action.agent)?.name ?? '';
  const bead = context.store.get(action.bead);
  if (bead?.updated_at !== action.revision) throw new StaleAction(`${action.bead} has changed`);
  const progress = await rig.progress(name);
  const unsubmitted = await rig.hasUnsubmittedWork(name);
  const work = workOf(bead);
  const steps = work.silence?.progress === progress ? work.silence.steps : 0;
  const takesNudges = context.sessions.takesNudges(action.session);
  const step = nextStep({ steps, unsubmitted, takesNudges });
  await context.store.batch({ actor: actors.witness(action.rig) }, (tx) => {
    const current = assertRevision(tx, bead.id, action.revision);
    const silence = { steps: steps + 1, progress, at: context.clock.now().toISOString() };
    tx.update(current.id, { metadata: withWork(current, { silence, problem: problemOf(step) ?? work.problem }) });
    if (step !== 'wait') tx.event({ type: `silent_${step}`, bead: bead.id, agent: action.agent, rig: action.rig });
    if (step === 'mayor') tellMayor(tx, action, current.title);
    if (step === 'person') escalateStall(tx, action, current.title, takesNudges);
  });
  // The agent may ask a question or have ended by now: the next tick handles that.
  if (step === 'nudge') await context.sessions.nudge(action.session, nudgeText(unsubmitted)).catch(() => undefined);
  // Ended as after a crash: it is resumed a bounded number of times.
  if (step === 'restart') await context.sessions.kill(action.session);
}

function problemOf(step: NextStep): Work['problem'] {
  if (step === 'restart') return 'no output for long: its session was restarted';
  return step === 'person' || step === 'mayor' ? 'no output for long' : undefined;
}

export function nudgeText(unsubmitted: boolean): string {
  return unsubmitted
    ? 'You have work that is not submitted. Commit what belongs to it, remove the rest, and run "gt done". If you cannot continue, give the reason with "bd comment".'
    : 'There was no output from you for a while. Continue the work on your hook ("gt prime" shows it) and end with "gt done".';
}

function tellMayor(tx: Transaction, { agent, bead, rig }: HandleStallAction, title: string): void {
  sendMail(tx, {
    from: actors.witness(rig),
    to: 'mayor',
    priority: 'high',
    subject: `${agent} has not submitted ${bead}`,
    body: `${agent} has work on ${bead} (${title}) in ${rig} that it has not submitted. It was nudged ${MAX_NUDGES} times. Look at its terminal ("gt peek ${agent}") and help it ("gt nudge ${agent} …").`,
  });
}

function escalateStall(
  tx: Transaction,
  { agent, bead, rig }: HandleStallAction,
  title: string,
  takesNudges: boolean,
): void {
  const [what, tried] = takesNudges
    ? [
        `does not submit ${bead}`,
        `has uncommitted or unsubmitted work and was nudged ${MAX_NUDGES} times; the Mayor was notified`,
      ]
    : [
        `is silent over ${bead}`,
        'was restarted and is silent again without progress: it hangs, or its work takes long',
      ];
  escalate(tx, {
    key: `silent-${bead}`,
    bead,
    rig,
    agent,
    title: `${agent} ${what}`,
    detail: `${title}\n\n${agent} ${tried}. Look at its terminal, or restart it: "gt session restart ${agent}".`,
  });
}
