import type { Action } from '../loop/action';
import { parseAddress } from '../../town/layout';
import { actors, requireRig, assertRevision, type EngineContext } from '../loop/context';
import { stepMark } from '../molecules/molecules';
import { failuresOf, withWork, workOf } from '../state/work';
import { SHORT_LIFE_MS } from './crashLoops';
import { backoffMs, failAttempt } from '../loop/failure';

/**
 * Handles a session that ended with work on its hook. Killed from outside: resumed, a bounded number of times without
 * progress. Exited without `gt done`: a failed attempt. Stopped by a person: held.
 */
export async function recordDeath(
  action: Extract<Action, { type: 'record-death' }>,
  context: EngineContext,
): Promise<void> {
  const address = parseAddress(context.store.get(action.bead)?.assignee ?? '');
  const rig = address?.rig ?? '';
  // A closed step counts as progress, like a commit.
  const progress =
    (address ? await requireRig(context, rig).progress(address.name) : '') + stepMark(context.store, action.bead);
  const started = context.sessions.all().find((session) => session.id === action.session)?.startedAt;
  const short = started !== undefined && context.clock.now().getTime() - started < SHORT_LIFE_MS;
  const tail = action.exit.kind === 'exited' ? await context.sessions.tail(action.session) : '';
  await context.store.batch({ actor: actors.witness(rig) }, (tx) => {
    const bead = assertRevision(tx, action.bead, action.revision);
    const work = workOf(bead);
    const now = context.clock.now();
    if (action.exit.kind === 'stopped') {
      // The stop itself recorded whether the work is held; the person may have started the engine since.
      tx.update(bead.id, { status: 'hooked' });
      return;
    }
    if (action.exit.kind === 'exited') {
      // Only exits count toward a crash loop: a session that was killed from outside does not mean that its runtime is
      // broken.
      if (short) tx.event({ type: 'died_young', bead: bead.id, agent: bead.assignee, rig });
      const problem = `Agent exited (code ${action.exit.code ?? 'unknown'}) before submitting its work`;
      failAttempt(tx, bead, {
        problem,
        feedback: `${problem}\n\n${tail}`.trim(),
        rig,
        now,
        retry: failuresOf(work) < action.maxAttempts,
      });
      return;
    }
    const deaths = progress === work.progress ? work.deaths + 1 : 1;
    if (deaths > action.maxRestarts) {
      const problem = `its session was killed ${deaths} times without progress`;
      failAttempt(tx, bead, { problem, feedback: problem, rig, now, retry: false });
      return;
    }
    const wait = deaths === 1 ? 0 : backoffMs(deaths - 1);
    tx.update(bead.id, {
      metadata: withWork(bead, {
        deaths,
        progress,
        notBefore: new Date(now.getTime() + wait).toISOString(),
        problem: 'its session was killed; it resumes where it stopped',
      }),
    });
    tx.event({
      type: 'session_died',
      bead: bead.id,
      agent: bead.assignee,
      rig,
      message: `restart ${deaths} of ${action.maxRestarts}`,
    });
  });
  if (short && action.exit.kind === 'exited') requireRig(context, rig).recordShortLife(context.clock.now().getTime());
  await context.sessions.forget(action.session);
}
