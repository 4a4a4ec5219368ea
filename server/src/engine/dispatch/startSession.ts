import { createHash } from 'node:crypto';
import type { Action } from '../loop/action';
import { messageOf, UserError } from '../../base/errors';
import { firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { polecatAddress } from '../../town/layout';
import { targetOf } from '../convoys/feature';
import { actors, requireRig, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import { beginStep, scriptOf, type Script } from '../molecules/molecules';
import { withWork, workOf, type Work } from '../state/work';
import { escalate, isOpen, resolveEscalation } from '../escalation/escalation';
import { backoffMs, failAttempt, HELD_MS } from '../loop/failure';

type StartAction = Extract<Action, { type: 'start-session' }>;

/** How often a start that fails for a temporary reason is tried before it counts as failed. */
const MAX_START_FAILURES = 8;

/** Creates the worktree and starts the session of a hooked bead. */
export async function startSession(action: StartAction, context: EngineContext): Promise<void> {
  const agent = polecatAddress(action.rig, action.name);
  const bead = context.store.get(action.bead);
  if (bead?.updated_at !== action.revision || bead.assignee !== agent)
    throw new StaleAction(`${action.bead} has changed`);
  const start: Start = { ...action, agent };
  try {
    await begin(start, bead, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A person has been asked in the meantime: wait for the answer.
    if (error.code === 'consent') throw new StaleAction(error.message);
    await (error.code === 'conflict' ? holdForPerson : recordFailure)(start, error, context);
  }
}

/**
 * `revision` follows the writes of the start itself, so that a failure is not recorded on a bead that was closed or
 * unhooked since.
 */
type Start = StartAction & { agent: string };

async function begin(action: Start, bead: Bead, context: EngineContext): Promise<void> {
  const { agent } = action;
  const work = workOf(bead);
  const runtime = work.slung?.runtime ?? context.defaultRuntime(action.rig);
  const rig = requireRig(context, action.rig);
  const frozen = runtime === 'script' ? rig.frozenScript(action.name, work.branch!) : undefined;
  const script = runtime === 'script' ? scriptToRun(frozen, bead, context) : undefined;
  const { base } = await rig.prepareWorktree(action.name, {
    bead: bead.id,
    title: bead.title,
    branch: work.branch!,
    base: work.base,
    target: targetOf(context.store, bead.id),
    attempt: work.attempt,
    script: script?.blocks,
    scriptSteps: script?.steps,
    replaceScript: frozen !== undefined && frozen !== script,
  });
  action.revision = await context.store.batch({ actor: actors.witness(action.rig) }, (tx) => {
    const current = assertRevision(tx, bead.id, action.revision);
    tx.update(current.id, {
      status: 'in_progress',
      metadata: withWork(current, {
        base,
        started: startedWith(work, runtime, context.clock.now()),
        startFailures: 0,
        startBlock: undefined,
        paused: undefined,
      }),
    });
    if (work.startBlock) resolveEscalation(tx, work.startBlock, `${current.id} has started`);
    beginStep(tx, current, agent);
    return tx.require(current.id).updated_at;
  });
  if (isHeld(context, bead.id)) return;
  await context.sessions.start({
    agent,
    bead: bead.id,
    runtime,
    model: work.slung?.model,
    attempt: work.attempt,
    resume: bead.status === 'in_progress',
  });
  await context.store.batch({ actor: actors.witness(action.rig) }, (tx) =>
    tx.event({ type: 'session_started', bead: bead.id, agent, rig: action.rig, message: runtime }),
  );
  // A stop of everything includes a session that is just starting.
  if (isHeld(context, bead.id)) await context.sessions.endAgent(agent, 'stopped');
}

function startedWith(work: Work, runtime: string, now: Date): Work['started'] {
  const model = work.slung?.model;
  return { at: work.started?.at ?? now.toISOString(), runtime, ...(model === undefined ? {} : { model }) };
}

function isHeld(context: EngineContext, id: string): boolean {
  const bead = context.store.get(id);
  return bead === undefined || workOf(bead).held === true;
}

/** The frozen script, if a person has accepted it: the file may come from a copied town. */
function scriptToRun(frozen: Script | undefined, bead: Bead, context: EngineContext): Script {
  return frozen && context.isAccepted.script(frozen.blocks) ? frozen : acceptedScript(bead, context);
}

/** Checked again: the description may have changed since the reconciler read it. */
function acceptedScript(bead: Bead, context: EngineContext): Script {
  const script = scriptOf(context.store, bead);
  if (script.blocks.length > 0 && !context.isAccepted.script(script.blocks))
    throw new UserError(`the script of ${bead.id} is not accepted`, undefined, 'consent');
  return script;
}

/** Key prefix of escalations about missing prerequisites of sessions of a rig. */
export function startKeyPrefix(rig: string): string {
  return `start-${rig}-`;
}

/** Holds a bead until a person fixes the rig or a folder, without using up attempts. One escalation per cause. */
async function holdForPerson(action: Start, error: UserError, context: EngineContext): Promise<void> {
  const { agent } = action;
  const notBefore = new Date(context.clock.now().getTime() + HELD_MS).toISOString();
  const startBlock = `${startKeyPrefix(action.rig)}${shortHash(error.message)}`;
  await context.store.batch({ actor: actors.witness(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.bead, action.revision);
    tx.update(bead.id, {
      status: 'hooked',
      metadata: withWork(bead, { startBlock, notBefore, problem: error.message }),
    });
    if (isOpen(tx, startBlock)) return;
    tx.event({ type: 'start_postponed', bead: bead.id, agent, rig: action.rig, message: error.message });
    escalate(tx, {
      key: startBlock,
      rig: action.rig,
      title: `${action.rig} cannot start work: ${firstLine(error.message)}`,
      detail: [error.message, error.hint, 'Work starts automatically once that is done.'].filter(Boolean).join('\n\n'),
    });
  });
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

async function recordFailure(action: Start, error: UserError, context: EngineContext): Promise<void> {
  const { agent } = action;
  const now = context.clock.now();
  await context.store.batch({ actor: actors.witness(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.bead, action.revision);
    const startFailures = workOf(bead).startFailures + 1;
    if (error.code === 'unavailable' && startFailures <= MAX_START_FAILURES) {
      const notBefore = new Date(now.getTime() + backoffMs(startFailures)).toISOString();
      tx.update(bead.id, {
        status: 'hooked',
        metadata: withWork(bead, { startFailures, notBefore, problem: error.message }),
      });
      tx.event({ type: 'start_postponed', bead: bead.id, agent, rig: action.rig, message: error.message });
      return;
    }
    // The rig or the runtime cannot be used as it is: trying again would not help.
    const feedback = [messageOf(error), error.hint].filter(Boolean).join('\n');
    failAttempt(tx, bead, { problem: messageOf(error), feedback, rig: action.rig, now, retry: false });
  });
}
