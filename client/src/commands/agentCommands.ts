import { UserError } from '../../../server/src/base/errors';
import { DefaultAgent, Sling, TownStop, type AgentInfo } from '../../../server/src/protocol/town';
import { l10n } from '../base/l10n';
import { offerEngine } from './beadCommands';
import { idOf, type Command } from './command';
import { pickAgent, pickRuntime } from './picks';

export const agentCommands = {
  'gastown.openTerminal': {
    needs: 'town',
    async run(services, argument) {
      const bead = idOf(argument, 'bead');
      const worker = bead === undefined ? undefined : services.model.agents.all().find((agent) => agent.bead === bead && agent.session !== undefined)?.id;
      const address = worker ?? idOf(argument, 'agent')
        ?? await pickAgent(services, l10n.t('Open Agent Terminal'), (agent) => agent.kind === 'agent');
      // A rule has no terminal: what it decided is what there is to see.
      if (services.model.agents.get(address)?.kind === 'rule') await services.documents.showDecisions(address);
      else services.terminals.open(address, argument.params['preserveFocus'] === true);
      return address;
    },
  },
  'gastown.stopAgent': {
    needs: 'town',
    async run(services, argument) {
      const agent = idOf(argument, 'agent') ?? await pickAgent(services, l10n.t('Stop Agent'), (candidate) => candidate.session !== undefined);
      return services.connection.call(TownStop.spec, { agent });
    },
  },
  'gastown.resumeAgent': {
    needs: 'town',
    async run(services, argument) {
      const stopped = (candidate: AgentInfo): boolean => candidate.kind === 'agent' && candidate.state === 'off' && candidate.bead !== undefined;
      const address = idOf(argument, 'agent') ?? await pickAgent(services, l10n.t('Resume Agent'), stopped, l10n.t('no agent was stopped'));
      const { bead, rig } = services.model.agents.get(address) ?? {};
      if (bead === undefined || rig === undefined) throw new UserError(l10n.t('{0} has nothing on its hook', address), undefined, 'not-found');
      // What was stopped is on its hook still: slinging it again lets it go on where it was.
      const results = await services.connection.call(Sling.spec, { beads: [bead], rig });
      offerEngine(services, l10n.t('{0} goes on.', address));
      return results;
    },
  },
  'gastown.setDefaultAgent': {
    needs: 'town',
    async run(services, { params }) {
      const given = params['name'];
      const name = typeof given === 'string' ? given : await pickRuntime(services, l10n.t('Set Default Agent'));
      return services.connection.call(DefaultAgent.spec, { name });
    },
  },
} satisfies Record<string, Command>;
