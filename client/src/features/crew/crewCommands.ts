import { UserError } from '../../../../server/src/base/errors';
import type { Caller } from '../../../../server/src/protocol/request';
import { CrewAdd, CrewRemove, CrewStart, SHELL_RUNTIME, type AgentInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { TownStore } from '../../state/townStore';
import { idOf, textParam, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askText } from '../../ui/prompts';
import { pickAgent, pickRuntime } from '../agents/pickAgent';
import type { AgentTerminals } from '../agents/terminals/agentTerminals';
import type { Consent } from '../consent/consent';
import { pickRig } from '../rigs/rigs';

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Dialogs;
  terminals: AgentTerminals;
  consent: Consent;
}

/** Crew members: workspaces of the user in a rig, each with its own clone. */
export function crewCommands(
  services: Services,
): Commands<'gastown.addCrew' | 'gastown.startCrew' | 'gastown.removeCrew'> {
  return {
    'gastown.addCrew': { requires: 'town', run: (argument) => addCrew(services, argument) },
    'gastown.startCrew': { requires: 'town', run: (argument) => startCrew(services, argument) },
    'gastown.removeCrew': { requires: 'town', run: (argument) => removeCrew(services, argument) },
  };
}

async function addCrew({ connection, store }: Services, argument: Argument): Promise<unknown> {
  const title = l10n.t('Add Crew Member');
  const rig = idOf(argument, 'rig') ?? (await pickRig(store, title));
  const name =
    textParam(argument, 'name') ??
    (await askText({
      title,
      prompt: l10n.t('Name of your workspace in {0}: a clone of your own, which the engine does not touch', rig),
      validateInput: nameProblem,
    }));
  const branch = textParam(argument, 'branch');
  return connection.call(CrewAdd.spec, { rig, name, ...(branch === undefined ? {} : { branch }) });
}

async function startCrew(services: Services, argument: Argument): Promise<unknown> {
  const { connection, terminals, consent } = services;
  const title = l10n.t('Start Crew Member');
  const member = await pickMember(services.store, argument, title);
  const runtime =
    textParam(argument, 'runtime') ??
    (await pickRuntime(services, title, {
      label: `$(terminal) ${l10n.t('Shell')}`,
      description: l10n.t('without an agent'),
      value: SHELL_RUNTIME,
    }));
  const info = await consent.startAllowed(runtime, () =>
    connection.call(CrewStart.spec, { rig: member.rig ?? '', name: member.name, runtime }),
  );
  if (info) terminals.open(info.agent);
  return info;
}

async function removeCrew({ connection, store, dialogs }: Services, argument: Argument): Promise<unknown> {
  const member = await pickMember(store, argument, l10n.t('Remove Crew Member'));
  const target = { rig: member.rig ?? '', name: member.name };
  const moved = l10n.t('Its folder is moved to .runtime/removed in the town. It is not deleted.');
  if (!(await dialogs.confirm(l10n.t('Remove {0}?', member.id), moved, l10n.t('Remove')))) return undefined;
  try {
    return await connection.call(CrewRemove.spec, target);
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'conflict')) throw error;
    // The clone has work that exists nowhere else.
    const confirmed = await dialogs.confirm(
      l10n.t('Remove {0} anyway?', member.id),
      `${error.message}\n\n${moved}`,
      l10n.t('Remove Anyway'),
    );
    return confirmed ? connection.call(CrewRemove.spec, { ...target, force: true }) : undefined;
  }
}

/** Asks for a crew member without a session. */
async function pickMember(store: TownStore, argument: Argument, title: string): Promise<AgentInfo> {
  const isIdle = (agent: AgentInfo): boolean => agent.role === 'crew' && agent.session === undefined;
  const none = l10n.t('there is no crew member without a session');
  const id = idOf(argument, 'agent') ?? (await pickAgent(store, title, isIdle, none));
  const agent = store.agents.get(id);
  if (agent?.role !== 'crew') throw new UserError(l10n.t('{0} is not a crew member', id), undefined, 'not-found');
  return agent;
}

function nameProblem(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name.trim())
    ? undefined
    : l10n.t('Use letters, digits, "-" and "_", and start with a letter or digit.');
}
