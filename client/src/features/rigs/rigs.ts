import { UserError } from '../../../../server/src/base/errors';
import type { Caller, Params } from '../../../../server/src/protocol/request';
import { RigAdd, type RigInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { TownStore } from '../../state/townStore';
import { askChoice } from '../../ui/prompts';
import { rigNameFrom } from '../../../../server/src/base/rigName';

/** Adds a repository as a rig; by default the name comes from the repository. */
export function addRig(
  { connection, store }: { connection: Caller; store: TownStore },
  request: Omit<Params<typeof RigAdd.spec>, 'name'> & { name?: string },
): Promise<RigInfo> {
  const name = request.name ?? rigNameFrom(request.source, rigNames(store));
  return connection.call(RigAdd.spec, { ...request, name });
}

export function rigNames(store: TownStore): ReadonlySet<string> {
  return new Set(store.rigs.all().map((rig) => rig.id));
}

/** Picks a rig, and asks only if there are several. @throws Cancelled, or UserError if the town has no rig */
export async function pickRig(store: TownStore, title: string): Promise<string> {
  const rigs = store.rigs.all().sort((a, b) => a.id.localeCompare(b.id));
  const [only] = rigs;
  if (!only)
    throw new UserError(
      l10n.t('this town has no rig yet'),
      l10n.t('add a repository with "Gas Town: Add Rig"'),
      'not-found',
    );
  if (rigs.length === 1) return only.id;
  return askChoice(
    rigs.map((rig) => ({ label: rig.id, description: rig.source, value: rig.id })),
    { title, placeHolder: l10n.t('Select a rig') },
  );
}
