import { UserError } from '../base/errors';
import type { Rigs } from '../rigs/registry';
import { rigOfDirectory } from '../town/layout';

/**
 * The ledger of a request: the named one, else that of the caller's folder.
 * @param named a ledger's name, or the prefix of its beads
 * @throws UserError `not-found` for a name that is not a ledger, and the rig's own problem if its ledger is unreadable:
 * its requests must not go to another ledger
 */
export function ledgerOfCaller(
  root: string,
  rigs: Pick<Rigs, 'all' | 'brokenNames' | 'require'>,
  cwd: string | undefined,
  named: string | undefined,
): string {
  const names = rigs.all().map((rig) => rig.name);
  const here = cwd === undefined ? undefined : rigOfDirectory(root, cwd, [...names, ...rigs.brokenNames()]);
  if (named === undefined) return here === undefined ? 'hq' : rigs.require(here).name;
  if (rigs.brokenNames().includes(named.replace(/-$/, ''))) rigs.require(named.replace(/-$/, ''));
  const plain = named.replace(/-$/, '');
  const found = plain === 'hq' ? 'hq' : rigs.all().find((rig) => rig.name === plain || rig.prefix === plain)?.name;
  if (!found) throw new UserError(`there is no ledger ${named}`, `there are: hq, ${names.join(', ')}`, 'not-found');
  return found;
}
