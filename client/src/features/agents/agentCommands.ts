import * as vscode from 'vscode';
import type { Caller } from '../../../../server/src/protocol/request';
import {
  AgentNudge,
  DefaultAgent,
  SessionRestart,
  SessionStart,
  TownStop,
  type AgentInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { TownStore } from '../../state/townStore';
import { idOf, textParam, type Argument, type Commands } from '../../ui/command';
import { askText, required } from '../../ui/prompts';
import type { BeadDocuments } from '../beads/beadDocuments';
import type { EngineReminder } from '../town/engine';
import { pickAgent, pickRuntime } from './pickAgent';
import type { AgentTerminals } from './terminals/agentTerminals';

interface Services {
  connection: Caller;
  store: TownStore;
  terminals: AgentTerminals;
  documents: BeadDocuments;
  engine: EngineReminder;
}

const isLive = (agent: AgentInfo): boolean => agent.session !== undefined;
const isStopped = (agent: AgentInfo): boolean =>
  agent.role === 'polecat' && agent.state === 'off' && agent.bead !== undefined;

/** Terminals and sessions of agents. */
export function agentCommands(
  services: Services,
): Commands<
  | 'gastown.openTerminal'
  | 'gastown.stopAgent'
  | 'gastown.resumeAgent'
  | 'gastown.restartSession'
  | 'gastown.nudgeAgent'
  | 'gastown.setDefaultAgent'
> {
  const { connection, store } = services;
  return {
    'gastown.openTerminal': {
      requires: 'town',
      run: (argument) => openTerminal(services, argument),
    },
    'gastown.stopAgent': {
      requires: 'town',
      async run(argument) {
        const agent = idOf(argument, 'agent') ?? (await pickAgent(store, l10n.t('Stop Agent'), isLive));
        return connection.call(TownStop.spec, { agent });
      },
    },
    'gastown.resumeAgent': {
      requires: 'town',
      async run(argument) {
        const agent =
          idOf(argument, 'agent') ??
          (await pickAgent(store, l10n.t('Resume Agent'), isStopped, l10n.t('no agent is stopped')));
        const result = await connection.call(SessionStart.spec, { agent });
        services.engine.remind(l10n.t('Resumed {0}.', agent));
        return result;
      },
    },
    'gastown.restartSession': {
      requires: 'town',
      async run(argument) {
        const agent = idOf(argument, 'agent') ?? (await pickAgent(store, l10n.t('Restart Session'), isLive));
        return connection.call(SessionRestart.spec, { agent });
      },
    },
    'gastown.nudgeAgent': {
      requires: 'town',
      async run(argument) {
        const title = l10n.t('Nudge Agent');
        const agent = idOf(argument, 'agent') ?? (await pickAgent(store, title, isLive));
        const message = textParam(argument, 'message') ?? (await askMessage(`${title}: ${agent}`));
        const result = await connection.call(AgentNudge.spec, { agent, message });
        if (result.delivery === 'mailed')
          void vscode.window.showInformationMessage(l10n.t('{0} is busy: the message is in its inbox.', agent));
        return result;
      },
    },
    'gastown.setDefaultAgent': {
      requires: 'town',
      async run(argument) {
        const name = textParam(argument, 'name') ?? (await pickRuntime(services, l10n.t('Set Default Agent')));
        return connection.call(DefaultAgent.spec, { name });
      },
    },
  };
}

function askMessage(title: string): Promise<string> {
  return askText({
    title,
    prompt: l10n.t(
      'The message is typed into the terminal of the agent, with your name, once it is idle. A busy agent gets it as mail.',
    ),
    validateInput: required(l10n.t('The message is empty.')),
  });
}

async function openTerminal({ store, terminals, documents }: Services, argument: Argument): Promise<string> {
  const bead = idOf(argument, 'bead');
  const worker =
    bead === undefined ? undefined : store.agents.all().find((agent) => agent.bead === bead && isLive(agent))?.id;
  const address =
    worker ??
    idOf(argument, 'agent') ??
    (await pickAgent(store, l10n.t('Open Agent Terminal'), (agent) => agent.kind === 'agent'));
  // A built-in role has no terminal: its decisions are shown instead.
  if (store.agents.get(address)?.kind === 'rule') await documents.showDecisions(address);
  else terminals.open(address, argument.params['preserveFocus'] === true);
  return address;
}
