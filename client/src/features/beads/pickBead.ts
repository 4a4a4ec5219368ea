import { UserError } from '../../../../server/src/base/errors';
import { BeadList, type BeadListItem } from '../../../../server/src/protocol/bead';
import type { Caller } from '../../../../server/src/protocol/request';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { askChoice, askChoices, type Choice } from '../../ui/prompts';

export interface BeadSources {
  connection: Caller;
  store: TownStore;
}

const workTypes = ['task', 'bug', 'feature', 'chore', 'issue'];

/** Open beads of all rigs that agents can work on, by rig and priority. */
export async function openBeads({ connection, store }: BeadSources): Promise<(BeadListItem & { rig: string })[]> {
  const lists = await Promise.all(
    store.rigs.all().map(async (rig) => {
      const beads = await connection.call(BeadList.spec, { ledger: rig.id, limit: 0 });
      return beads
        .filter((bead) => workTypes.includes(bead.issue_type) && !['closed', 'tombstone'].includes(bead.status))
        .map((bead) => ({ ...bead, rig: rig.id }));
    }),
  );
  return lists
    .flat()
    .sort((a, b) => a.rig.localeCompare(b.rig) || a.priority - b.priority || a.created_at.localeCompare(b.created_at));
}

export function beadChoice(bead: Pick<BeadListItem, 'id' | 'title' | 'priority' | 'status'>): Choice<string> {
  const details = [bead.id, `P${bead.priority}`, ...(bead.status === 'open' ? [] : [bead.status])];
  return { label: noIcons(oneLine(bead.title)), description: details.join(' · '), value: bead.id };
}

/** Asks for a bead. @throws Cancelled, or UserError if there is no open bead */
export async function pickBead(sources: BeadSources, title: string): Promise<string> {
  const beads = await choosableBeads(sources);
  return askChoice(beads.map(beadChoice), { title, placeHolder: l10n.t('Select a bead') });
}

/** Asks for beads. @throws Cancelled, or UserError if there is no open bead */
export async function pickBeads(
  sources: BeadSources,
  title: string,
  without: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const beads = await choosableBeads(sources, without);
  return askChoices(beads.map(beadChoice), { title, placeHolder: l10n.t('Select beads') });
}

async function choosableBeads(
  sources: BeadSources,
  without: ReadonlySet<string> = new Set(),
): Promise<(BeadListItem & { rig: string })[]> {
  const beads = (await openBeads(sources)).filter((bead) => !without.has(bead.id));
  if (beads.length === 0)
    throw new UserError(
      l10n.t('there is no open bead'),
      l10n.t('describe some work with "Gas Town: Create Bead"'),
      'not-found',
    );
  return beads;
}
