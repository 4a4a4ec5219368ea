import { waitEnd } from '../state/times';
import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';
import type { SessionView } from '../../sessions/types';
import { FAREWELL_MS } from '../supervision/sessionEndRule';

/** Silence after which the Mayor is considered to have failed. */
export const MAYOR_SILENCE_MS = 15 * 60_000;
/** Grace period for a Mayor whose request was settled without it. */
const IDLE_MS = 60_000;

const mayors = (view: TownView): SessionView[] => view.sessions.filter((session) => session.role === 'mayor');

/** Starts the Mayor when there is a request or mail. Otherwise it has no process and costs nothing. */
export function mayorStarts(view: TownView): Action[] {
  const { mayor } = view;
  if (!mayor?.accepted || mayors(view).length > 0) return [];
  const next = mayor.items.find((item) => waitEnd(item.notBefore, view.now) <= view.now);
  return next ? [{ type: 'start-mayor', item: next.id, revision: next.revision, runtime: mayor.runtime }] : [];
}

/** Ends a Mayor that has answered, records a failure to answer, and removes records of ended sessions. */
export function mayorEnds(view: TownView): Action[] {
  return mayors(view).flatMap((session): Action[] => {
    const item = view.mayor?.items.find((candidate) => candidate.id === session.bead);
    const unanswered = (problem: string, held = false): Action[] =>
      item && view.mayor
        ? [
            {
              type: 'record-mayor',
              item: item.id,
              revision: item.revision,
              session: session.id,
              problem,
              held,
              runtime: view.mayor.runtime,
            },
          ]
        : [];
    if (session.exit) {
      if (item && session.doneAt === undefined && session.exit.kind !== 'ended')
        return unanswered('it ended without an answer', session.exit.kind === 'stopped');
      return [{ type: 'forget-session', session: session.id }];
    }
    const end: Action[] = [{ type: 'end-session', session: session.id }];
    if (session.doneAt !== undefined) return view.now - session.doneAt < FAREWELL_MS ? [] : end;
    // A person has started it for a conversation: it stays until they stop it.
    if (session.bead === undefined) return [];
    const silentMs = view.now - Math.max(session.look?.lastOutputAt ?? session.startedAt, view.awakeSince);
    if (item)
      return session.asks === undefined && silentMs > MAYOR_SILENCE_MS
        ? unanswered(`it was silent for ${MAYOR_SILENCE_MS / 60_000} minutes`)
        : [];
    // Other waiting requests get their own session and attempts. Until it falls silent, it may be working on one of
    // them.
    return silentMs > (view.mayor ? MAYOR_SILENCE_MS : IDLE_MS) && !(view.mayor && session.asks !== undefined)
      ? end
      : [];
  });
}
