import { UserError } from '../../base/errors';
import type { BeadFilter } from '../../protocol/beadFilter';
import type { CallContext } from '../../protocol/dispatcher';
import { canonicalStatus, typeFromInput } from '../model/fields';
import { compareTimes } from '../model/time';
import { checkStatus, checkType, type LedgerRules } from '../model/validate';
import type { BeadService } from './common';

/** Refuses a misspelt status or type, which must not look like "nothing found". */
export function checkFilter(service: BeadService, context: CallContext, filter: BeadFilter): void {
  const rules = service.store.rulesOf(filter.ledger ?? service.store.ledgerNames()[0] ?? service.ledgerFor(context));
  for (const status of filter.status ?? []) checkStatus(canonicalStatus(status), rules);
  for (const type of [...(filter.type ?? []), ...(filter.excludeTypes ?? [])]) checkUsedType(service, type, rules);
  const { priorityMin = 0, priorityMax = 4 } = filter;
  if (priorityMin > priorityMax)
    throw new UserError(`priority range reversed: min ${priorityMin} is above max ${priorityMax}`);
  for (const name of ['created', 'updated', 'closed', 'due', 'defer'] as const) {
    const [after, before] = [filter[`${name}After`], filter[`${name}Before`]];
    if (after && before && compareTimes(after, before) > 0)
      throw new UserError(`${name} range reversed: ${after} is later than ${before}`);
  }
}

/** Checks a type; one that a bead already has is valid, regardless of the settings. */
function checkUsedType(service: BeadService, type: string, rules: LedgerRules): void {
  const isUsed = service.store.list({ type: [type], all: true, limit: 1 }).length > 0;
  if (!isUsed) checkType(typeFromInput(type), rules);
}
