import { UserError } from '../../../../server/src/base/errors';
import { BeadList, type BeadListItem } from '../../../../server/src/protocol/bead';
import {
  AgentConfigList,
  type AgentInfo,
  type AttentionInfo,
  type ConvoyInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { noIcons, oneLine } from '../../base/text';
import { askChoice, askChoices, type Choice } from '../../ui/prompts';
import { agentState, roleIcons } from '../agents/agentRows';
import type { Services } from '../../ui/command';

/** Questions that several commands ask. All throw Cancelled where the person turns away. */

/** Only asks where there is a choice. */
export async function pickRig(services: Services, title: string): Promise<string> {
  const rigs = services.store.rigs.all().sort((a, b) => a.id.localeCompare(b.id));
  if (rigs.length === 0)
    throw new UserError(
      l10n.t('this town has no rig yet'),
      l10n.t('add a repository with "Gas Town: Add Rig"'),
      'not-found',
    );
  const only = rigs[0];
  if (rigs.length === 1 && only) return only.id;
  return askChoice(
    rigs.map((rig) => ({ label: rig.id, description: rig.source, value: rig.id })),
    { title, placeHolder: l10n.t('Which rig?') },
  );
}

const slingable = ['task', 'bug', 'feature', 'chore', 'issue'];
/** Open beads of all rigs, by rig and priority. */
export async function openBeads(services: Services): Promise<(BeadListItem & { rig: string })[]> {
  const lists = await Promise.all(
    services.store.rigs.all().map(async (rig) => {
      const beads = await services.connection.call(BeadList.spec, { ledger: rig.id, limit: 0 });
      return beads
        .filter((bead) => slingable.includes(bead.issue_type) && !['closed', 'tombstone'].includes(bead.status))
        .map((bead) => ({ ...bead, rig: rig.id }));
    }),
  );
  return lists
    .flat()
    .sort((a, b) => a.rig.localeCompare(b.rig) || a.priority - b.priority || a.created_at.localeCompare(b.created_at));
}

export function beadChoice(bead: {
  id: string;
  title: string;
  priority: number;
  status: string;
  rig?: string;
}): Choice<string> {
  const details = [bead.id, `P${bead.priority}`, ...(bead.status === 'open' ? [] : [bead.status])];
  return { label: noIcons(oneLine(bead.title)), description: details.join(' · '), value: bead.id };
}

export async function pickBead(services: Services, title: string): Promise<string> {
  const beads = await openBeads(services);
  if (beads.length === 0) throw noBeads();
  return askChoice(beads.map(beadChoice), { title, placeHolder: l10n.t('Which bead?') });
}

export async function pickBeads(
  services: Services,
  title: string,
  without: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const beads = (await openBeads(services)).filter((bead) => !without.has(bead.id));
  if (beads.length === 0) throw noBeads();
  return askChoices(beads.map(beadChoice), { title, placeHolder: l10n.t('Which beads? Space chooses, Enter goes on') });
}

function noBeads(): UserError {
  return new UserError(
    l10n.t('there is no open bead'),
    l10n.t('describe some work with "Gas Town: Create Bead"'),
    'not-found',
  );
}

export async function pickConvoy(
  services: Services,
  title: string,
  accept: (convoy: ConvoyInfo) => boolean,
  none: string,
): Promise<string> {
  const convoys = services.store.convoys.all().filter(accept);
  if (convoys.length === 0) throw new UserError(none, undefined, 'not-found');
  return askChoice(
    convoys.map((convoy) => ({
      label: noIcons(oneLine(convoy.title)),
      description: `${convoy.done}/${convoy.total} · ${convoy.id}`,
      value: convoy.id,
    })),
    { title, placeHolder: l10n.t('Which convoy?') },
  );
}

export function agentChoice(agent: AgentInfo): Choice<string> {
  return {
    label: `$(${roleIcons[agent.role]}) ${agent.name}`,
    description: agent.rig ?? l10n.t('town'),
    detail: noIcons(agentState(agent)),
    value: agent.id,
  };
}

export async function pickAgent(
  services: Services,
  title: string,
  accept: (agent: AgentInfo) => boolean,
  none = l10n.t('no agent is at work'),
): Promise<string> {
  const agents = services.store.agents.all().filter(accept);
  if (agents.length === 0) throw new UserError(none, undefined, 'not-found');
  return askChoice(agents.map(agentChoice), { title, placeHolder: l10n.t('Which agent?') });
}

export async function pickAttention(
  services: Services,
  title: string,
  accept: (item: AttentionInfo) => boolean,
  none: string,
): Promise<AttentionInfo> {
  const items = services.store.attention.all().filter(accept);
  if (items.length === 0) throw new UserError(none, undefined, 'not-found');
  const only = items[0];
  if (items.length === 1 && only) return only;
  return askChoice(
    items.map((item) => ({ label: noIcons(oneLine(item.title)), value: item })),
    { title },
  );
}

/** The runtimes of the town; what each runs stands beside it. */
export async function pickRuntime(services: Services, title: string, first?: Choice<string>): Promise<string> {
  const runtimes = await services.connection.call(AgentConfigList.spec, {});
  const choices = runtimes.map((runtime) => ({
    label: runtime.name,
    value: runtime.name,
    description: runtime.name === services.store.town?.defaultAgent ? l10n.t('default') : '',
    detail: noIcons(oneLine([runtime.command, ...runtime.args].join(' '))),
  }));
  return askChoice(first ? [first, ...choices] : choices, { title, placeHolder: l10n.t('Which agent runtime?') });
}
