import { UserError } from '../../base/errors';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { DirectLand, LandingSettings } from '../../protocol/town';

/** Adds the rules about direct landings to their requests. @param mayorMayLand the setting of the town */
export function guardLandings(dispatcher: Dispatcher, mayorMayLand: () => boolean): void {
  dispatcher.wrap(DirectLand.spec, (next) => async (params, caller) => {
    refuseLanding(caller, mayorMayLand());
    return next(params, caller);
  });
  // Every caller may read the settings.
  dispatcher.wrap(LandingSettings.spec, (next) => async (params, caller) => {
    if (caller.kind !== 'person' && Object.values(params).some((value) => value !== undefined))
      throw new UserError('only a person may set how work lands in the town', undefined, 'refused');
    return next(params, caller);
  });
}

/** Unreviewed work may be landed by a person, or by the Mayor if a person has allowed that for the town. */
export function refuseLanding({ kind, agent }: CallContext, mayorMayLand: boolean): void {
  if (kind === 'person') return;
  if (agent !== 'mayor')
    throw new UserError('an agent may not land work directly', 'run "gt done": the merge queue lands it', 'refused');
  if (!mayorMayLand)
    throw new UserError(
      'the Mayor may not land work directly in this town',
      'a person can allow it: "gt config mayor-may-land on"',
      'refused',
    );
}
