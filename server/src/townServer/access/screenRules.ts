import { UserError } from '../../base/errors';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { AgentNudge, AgentPeek } from '../../protocol/town';
import { fullAddress, parseAddress } from '../../town/layout';

/** Puts the rules about agents' screens around the requests that read them or type into them. */
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

/** At a crew member's terminal a person works: what stands there is between the two. */
export function refusePeek(agent: string, context: CallContext): void {
  if (context.kind === 'person' || !isCrew(agent)) return;
  throw new UserError(
    `an agent may not look at the terminal of ${agent}`,
    `write to it: gt mail send ${agent} …`,
    'refused',
  );
}

/** Words typed to the Mayor or a crew member read as if the person had said them: only the person and the Mayor may. */
export function refuseNudge(agent: string, context: CallContext): void {
  if (context.kind !== 'agent' || context.agent === 'mayor' || !(agent === 'mayor' || isCrew(agent))) return;
  throw new UserError(`an agent may not type to ${agent}`, `write to it: gt mail send ${agent} …`, 'refused');
}

function isCrew(agent: string): boolean {
  return parseAddress(agent)?.role === 'crew';
}
