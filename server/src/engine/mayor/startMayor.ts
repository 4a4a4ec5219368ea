import type { Action } from '../loop/action';
import { UserError } from '../../base/errors';
import { actors, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import { holdRequests, MAYOR, recordFailedPlanning } from './mayor';
import { mailOf } from '../mail/mail';

/** Starts the Mayor's session, which resumes its conversation. */
export async function startMayor(
  action: Extract<Action, { type: 'start-mayor' }>,
  context: EngineContext,
): Promise<void> {
  const bead = context.store.get(action.item);
  if (bead?.updated_at !== action.revision) throw new StaleAction(`${action.item} has changed`);
  try {
    await context.sessions.start({
      agent: MAYOR,
      bead: bead.id,
      runtime: action.runtime,
      attempt: mailOf(bead).tries + 1,
      resume: true,
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Waits for a person's answer.
    if (error.code === 'consent') throw new StaleAction(error.message);
    const problem = [`it cannot be started: ${error.message}`, error.hint].filter(Boolean).join('\n');
    await context.store.batch({ actor: actors.engine }, (tx) =>
      recordFailedPlanning(tx, assertRevision(tx, bead.id, action.revision), problem, context.clock.now()),
    );
  }
}

/**
 * Records a session of the Mayor that ended without an answer. If a person stopped it, the request waits for a person.
 */
export async function recordMayor(
  action: Extract<Action, { type: 'record-mayor' }>,
  context: EngineContext,
): Promise<void> {
  await context.sessions.end(action.session, 'ended');
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const bead = assertRevision(tx, action.item, action.revision);
    if (action.held) holdRequests(tx, context.store, action.runtime);
    else recordFailedPlanning(tx, bead, action.problem, context.clock.now());
  });
  await context.sessions.forget(action.session);
}
