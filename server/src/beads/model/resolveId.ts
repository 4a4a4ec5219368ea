import { UserError } from '../../base/errors';
import type { BeadIndex } from '../index/beadIndex';
import type { PrefixTable } from './ids';

/**
 * Resolves a unique part of an id's hash. An exact id or hash beats a prefix, a prefix beats a part in the middle; the
 * given ledger is searched before the others.
 */
export function resolveId(
  index: BeadIndex,
  prefixes: PrefixTable,
  exists: (id: string) => boolean,
  text: string,
  ledger?: string,
): string {
  const wanted = text.trim();
  if (exists(wanted)) return wanted;
  const candidates =
    wanted === ''
      ? []
      : index
          .rows("SELECT id, ledger FROM beads WHERE status <> 'tombstone' AND instr(id, ?) > 0", [
            hashOf(prefixes, wanted),
          ])
          .map(([id, owner]) => ({ id: String(id), owner: String(owner) }));
  const preferred = candidates.filter(({ owner }) => owner === ledger);
  for (const group of preferred.length > 0 ? [preferred, candidates] : [candidates]) {
    const ids = group.map(({ id }) => id);
    for (const matches of rankedMatches(prefixes, ids, wanted)) {
      if (matches.length === 1) return matches[0] as string;
      if (matches.length > 1) throw ambiguous(wanted, matches);
    }
  }
  throw new UserError(`no issue found matching ${JSON.stringify(text)}`, undefined, 'not-found');
}

function* rankedMatches(prefixes: PrefixTable, ids: string[], wanted: string): Generator<string[]> {
  const prefix = prefixes.prefixOf(wanted);
  const part = hashOf(prefixes, wanted);
  const inPrefix = prefix === undefined ? ids : ids.filter((id) => prefixes.prefixOf(id) === prefix);
  yield inPrefix.filter((id) => hashOf(prefixes, id) === part);
  yield inPrefix.filter((id) => hashOf(prefixes, id).startsWith(part));
  yield inPrefix.filter((id) => hashOf(prefixes, id).includes(part));
}

function hashOf(prefixes: PrefixTable, id: string): string {
  const prefix = prefixes.prefixOf(id);
  return prefix === undefined ? id : id.slice(prefix.length + 1);
}

function ambiguous(wanted: string, ids: string[]): UserError {
  const shown = [...ids].sort().slice(0, 10).join(' ');
  return new UserError(
    `ambiguous ID ${JSON.stringify(wanted)} matches ${ids.length} issues: [${shown}${ids.length > 10 ? ' …' : ''}]\nUse more characters to disambiguate`,
    undefined,
    'ambiguous',
  );
}
