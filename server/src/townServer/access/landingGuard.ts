import { UserError } from '../../base/errors';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { DirectLand, MayorMayLand, TownMergeStrategy } from '../../protocol/town';

/** Puts the rules about direct landings around the requests for them. @param mayorMayLand the setting of the town */
export function guardLandings(dispatcher: Dispatcher, mayorMayLand: () => boolean): void {
  dispatcher.wrap(DirectLand.spec, (next) => async (params, caller) => {
    refuseLanding(caller, mayorMayLand());
    return next(params, caller);
  });
  // Everybody may look at these settings.
  dispatcher.wrap(MayorMayLand.spec, (next) => async (params, caller) => {
    if (params.allowed !== undefined) requirePerson(caller, 'say what the Mayor may do');
    return next(params, caller);
  });
  dispatcher.wrap(TownMergeStrategy.spec, (next) => async (params, caller) => {
    if (params.strategy !== undefined) requirePerson(caller, 'set the merge strategy');
    return next(params, caller);
  });
}

function requirePerson({ kind }: CallContext, to: string): void {
  if (kind !== 'person') throw new UserError(`only a person may ${to}`, undefined, 'refused');
}

/** What nobody has reviewed is landed by a person, or by the Mayor where a person has allowed that for the town. */
export function refuseLanding({ kind, agent }: CallContext, mayorMayLand: boolean): void {
  if (kind === 'person') return;
  if (agent !== 'mayor')
    throw new UserError('an agent does not land work directly', 'run "gt done": the merge queue lands it', 'refused');
  if (!mayorMayLand)
    throw new UserError(
      'the Mayor may not land work directly in this town',
      'a person can allow it: "gt config mayor-may-land on"',
      'refused',
    );
}
