import type { Action } from '../action';
import { messageOf, UserError } from '../../base/errors';
import { polecatAddress } from '../../town/layout';
import { scriptBlocks } from '../../agents/script/blocks';
import { actors, requireRig, StaleAction, unchanged, type EngineContext } from '../context';
import { withWork, workOf } from '../work';
import { failAttempt } from './failure';

/** Brings a hooked bead's worktree and its session into being. */
export async function startSession(action: Extract<Action, { type: 'start-session' }>, context: EngineContext): Promise<void> {
  const agent = polecatAddress(action.rig, action.name);
  const bead = context.store.get(action.bead);
  if (bead?.updated_at !== action.revision || bead.assignee !== agent) throw new StaleAction(`${action.bead} has changed`);
  const work = workOf(bead);
  const runtime = work.slung?.runtime ?? context.defaultRuntime(action.rig);
  try {
    const { base } = await requireRig(context, action.rig).prepareWorktree(action.name, {
      bead: bead.id, title: bead.title, branch: work.branch!, base: work.base, attempt: work.attempt,
      script: runtime === 'script' ? scriptBlocks(bead.description ?? '') : undefined,
    });
    await context.store.batch({ actor: actors.witness(action.rig) }, (tx) => {
      const current = unchanged(tx, bead.id, action.revision);
      tx.update(current.id, { status: 'in_progress', metadata: withWork(current, { base }) });
    });
    await context.sessions.start({
      agent, rig: action.rig, name: action.name, bead: bead.id, runtime, model: work.slung?.model,
      attempt: work.attempt, resume: bead.status === 'in_progress',
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // The rig or the runtime cannot be used as it is: that is a failed attempt, told to the person.
    await context.store.batch({ actor: actors.witness(action.rig) }, (tx) => {
      const current = tx.get(bead.id);
      if (!current || current.assignee !== agent) return;
      failAttempt(tx, current, {
        problem: messageOf(error), feedback: [messageOf(error), error.hint].filter(Boolean).join('\n'),
        rig: action.rig, now: context.clock.now(), retry: false,
      });
    });
  }
}
