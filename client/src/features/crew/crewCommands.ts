import { UserError } from '../../../../server/src/base/errors';
import { CrewAdd, CrewRemove, CrewStart, SHELL_RUNTIME, type AgentInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { askText } from '../../ui/prompts';
import { idOf, type Argument, type Command, type Services } from '../../ui/command';
import { pickAgent, pickRig, pickRuntime } from '../beads/pickBead';
import { startConsented } from '../attention/consent';

const isCrew = (agent: AgentInfo): boolean => agent.role === 'crew';

export const crewCommands = {
  'gastown.addCrew': {
    needs: 'town',
    async run(services, argument) {
      const title = l10n.t('Add Crew Member');
      const rig = idOf(argument, 'rig') ?? (await pickRig(services, title));
      const { name: given, branch } = argument.params;
      const name =
        typeof given === 'string'
          ? given
          : await askText({
              title,
              prompt: l10n.t('A name for your workspace in {0}: a clone of your own, which no rule touches', rig),
              validateInput: plainName,
            });
      return services.connection.call(CrewAdd.spec, { rig, name, ...(typeof branch === 'string' ? { branch } : {}) });
    },
  },
  'gastown.startCrew': {
    needs: 'town',
    async run(services, argument) {
      const title = l10n.t('Start Crew Member');
      const member = await pickMember(services, argument, title, (agent) => agent.session === undefined);
      const given = argument.params['runtime'];
      const runtime =
        typeof given === 'string'
          ? given
          : await pickRuntime(services, title, {
              label: `$(terminal) ${l10n.t('Shell')}`,
              description: l10n.t('without an agent'),
              value: SHELL_RUNTIME,
            });
      const info = await startConsented(services, runtime, () =>
        services.connection.call(CrewStart.spec, { rig: member.rig ?? '', name: member.name, runtime }),
      );
      if (!info) return undefined;
      services.terminals.open(info.agent);
      return info;
    },
  },
  'gastown.removeCrew': {
    needs: 'town',
    async run(services, argument) {
      const member = await pickMember(
        services,
        argument,
        l10n.t('Remove Crew Member'),
        (agent) => agent.session === undefined,
      );
      const target = { rig: member.rig ?? '', name: member.name };
      const moved = l10n.t('Its folder is moved to .runtime/removed in the town, and not deleted.');
      if (!(await services.dialogs.confirm(l10n.t('Remove {0}?', member.id), moved, l10n.t('Remove'))))
        return undefined;
      try {
        return await services.connection.call(CrewRemove.spec, target);
      } catch (error) {
        if (!(error instanceof UserError && error.code === 'conflict')) throw error;
        // What would be missed elsewhere is said before it is moved.
        const agreed = await services.dialogs.confirm(
          l10n.t('Remove {0} in spite of that?', member.id),
          `${error.message}\n\n${moved}`,
          l10n.t('Remove Anyway'),
        );
        return agreed ? services.connection.call(CrewRemove.spec, { ...target, force: true }) : undefined;
      }
    },
  },
} satisfies Record<string, Command>;

async function pickMember(
  services: Services,
  argument: Argument,
  title: string,
  accept: (agent: AgentInfo) => boolean,
): Promise<AgentInfo> {
  const id =
    idOf(argument, 'agent') ??
    (await pickAgent(
      services,
      title,
      (agent) => isCrew(agent) && accept(agent),
      l10n.t('there is no crew member for that'),
    ));
  const agent = services.store.agents.get(id);
  if (!agent || !isCrew(agent)) throw new UserError(l10n.t('{0} is no crew member', id), undefined, 'not-found');
  return agent;
}

function plainName(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name.trim())
    ? undefined
    : l10n.t('Letters, digits, "-" and "_", beginning with a letter or digit.');
}
