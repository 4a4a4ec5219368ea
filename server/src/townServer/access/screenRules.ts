import { UserError } from '../../base/errors';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { AgentNudge, AgentPeek } from '../../protocol/town';
import { fullAddress, parseAddress } from '../../town/layout';

/** Adds the rules about agents' screens to the requests that read them or type into them. */
export function guardScreens(dispatcher: Dispatcher): void {
  dispatcher.wrap(AgentPeek.spec, (next) => async (params, caller) => {
    refusePeek(fullAddress(params.agent), caller);
    return next(params, caller);
  });
  dispatcher.wrap(AgentNudge.spec, (next) => async (params, caller) => {
    refuseNudge(fullAddress(params.agent), caller);
    return next(params, caller);
  });
}

/** Refuses to show the terminal of a crew member to agents: a person works there, so its content is private. */
export function refusePeek(agent: string, context: CallContext): void {
  if (context.kind === 'person' || !isCrew(agent)) return;
  throw new UserError(
    `an agent may not read the terminal of ${agent}`,
    `write to it: gt mail send ${agent} …`,
    'refused',
  );
}

/**
 * Refuses text to the Mayor or a crew member, which would look like the user's own: only people and the Mayor may type
 * it.
 */
export function refuseNudge(agent: string, context: CallContext): void {
  if (context.kind !== 'agent' || context.agent === 'mayor' || !(agent === 'mayor' || isCrew(agent))) return;
  throw new UserError(`an agent may not type to ${agent}`, `write to it: gt mail send ${agent} …`, 'refused');
}

function isCrew(agent: string): boolean {
  return parseAddress(agent)?.role === 'crew';
}
