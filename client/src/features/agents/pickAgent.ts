import { UserError } from '../../../../server/src/base/errors';
import type { Caller } from '../../../../server/src/protocol/request';
import { AgentConfigList, type AgentInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { askChoice, type Choice } from '../../ui/prompts';
import { agentState, roleIcons } from './agentRows';

export function agentChoice(agent: AgentInfo): Choice<string> {
  return {
    label: `$(${roleIcons[agent.role]}) ${agent.name}`,
    description: agent.rig ?? l10n.t('town'),
    detail: noIcons(agentState(agent)),
    value: agent.id,
  };
}

/** Asks for an agent. @throws Cancelled, or UserError with the text of `none` if no agent qualifies */
export async function pickAgent(
  store: TownStore,
  title: string,
  accept: (agent: AgentInfo) => boolean,
  none = l10n.t('no agent is active'),
): Promise<string> {
  const agents = store.agents.all().filter(accept);
  if (agents.length === 0) throw new UserError(none, undefined, 'not-found');
  return askChoice(agents.map(agentChoice), { title, placeHolder: l10n.t('Select an agent') });
}

/** Asks for a runtime of the town, and shows its command line. @throws Cancelled */
export async function pickRuntime(
  { connection, store }: { connection: Caller; store: TownStore },
  title: string,
  first?: Choice<string>,
): Promise<string> {
  const runtimes = await connection.call(AgentConfigList.spec, {});
  const choices = runtimes.map((runtime) => ({
    label: runtime.name,
    value: runtime.name,
    description: runtime.name === store.town?.defaultAgent ? l10n.t('default') : '',
    detail: noIcons(oneLine([runtime.command, ...runtime.args].join(' '))),
  }));
  return askChoice(first ? [first, ...choices] : choices, { title, placeHolder: l10n.t('Select an agent runtime') });
}
