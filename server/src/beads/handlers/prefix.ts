import { UserError } from '../../base/errors';
import { type Bead } from '../../protocol/bead';
import { LedgerPrefixChange } from '../../protocol/ledger';
import { writeSetting } from '../storage/settings';
import { metaOf, type BeadService } from './common';

const prefixPattern = /^[a-z][a-z0-9-]{0,39}$/;

/** `bd rename-prefix`: change the prefix of all beads of a ledger. */
export function registerPrefixHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(LedgerPrefixChange.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    const from = store.prefixOf(ledger) ?? '';
    const to = checkedPrefix(params.prefix);
    if (to === from && !params.repair) throw new UserError(`new prefix is the same as current prefix: ${to}`);
    if (service.fixedPrefixes)
      throw new UserError(
        'the prefix of a ledger in a town is fixed',
        'Branches, routes and convoys name its beads. Add the rig again with another prefix.',
        'refused',
      );
    const beads = [...store.entries(ledger).values()]
      .map(({ bead }) => bead)
      .filter((bead) => bead.status !== 'tombstone');
    refuseMixed(beads, from, params.repair ?? false);
    const renamed = beads
      .filter((bead) => !bead.id.startsWith(`${to}-`))
      .map((bead): [string, string] => [bead.id, `${to}-${hashOf(bead.id, from)}`]);
    if (params.dryRun) return { from, to, renamed };
    await store.batch(metaOf(context), (tx) => tx.renameAll(new Map(renamed)));
    writeSetting(store.directoryOf(ledger), 'issue-prefix', to);
    return { from, to, renamed };
  });
}

function checkedPrefix(given: string): string {
  const prefix = given.trim().replace(/-+$/, '');
  if (!prefixPattern.test(prefix))
    throw new UserError(
      `prefix must start with a lowercase letter and contain only lowercase letters, numbers, and hyphens: ${given}`,
    );
  return prefix;
}

function refuseMixed(beads: readonly Bead[], prefix: string, repair: boolean): void {
  const foreign = beads.find((bead) => !bead.id.startsWith(`${prefix}-`));
  if (foreign && !repair)
    throw new UserError(
      `cannot rename with multiple prefixes (such as ${foreign.id}). Use --repair to consolidate.`,
      undefined,
      'refused',
    );
}

/** The part of an id after the prefix; for a foreign id the part after its first hyphen. */
function hashOf(id: string, prefix: string): string {
  return id.startsWith(`${prefix}-`) ? id.slice(prefix.length + 1) : id.slice(id.indexOf('-') + 1);
}
