import { DefaultAgent, TownStop } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { idOf, type Command } from '../../ui/command';
import { pickAgent, pickRuntime } from '../beads/pickBead';

export const agentCommands = {
  'gastown.openTerminal': {
    needs: 'town',
    async run(services, argument) {
      const bead = idOf(argument, 'bead');
      const worker =
        bead === undefined
          ? undefined
          : services.store.agents.all().find((agent) => agent.bead === bead && agent.session !== undefined)?.id;
      const address =
        worker ??
        idOf(argument, 'agent') ??
        (await pickAgent(services, l10n.t('Open Agent Terminal'), (agent) => agent.kind === 'agent'));
      // A rule has no terminal: what it decided is what there is to see.
      if (services.store.agents.get(address)?.kind === 'rule') await services.documents.showDecisions(address);
      else services.terminals.open(address, argument.params['preserveFocus'] === true);
      return address;
    },
  },
  'gastown.stopAgent': {
    needs: 'town',
    async run(services, argument) {
      const agent =
        idOf(argument, 'agent') ??
        (await pickAgent(services, l10n.t('Stop Agent'), (candidate) => candidate.session !== undefined));
      return services.connection.call(TownStop.spec, { agent });
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
