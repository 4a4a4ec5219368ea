import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import {
  AgentNudge,
  PolecatNuke,
  PolecatRestore,
  SessionRestart,
  SessionStart,
  SnapshotList,
  type AgentInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { noIcons, oneLine } from '../../base/text';
import { askChoice, askText, required } from '../../ui/prompts';
import { offerEngine } from '../beads/beadCommands';
import { idOf, type Argument, type Command, type Services } from '../../ui/command';
import { pickAgent, pickBead } from '../beads/pickBead';

const isLive = (agent: AgentInfo): boolean => agent.session !== undefined;
const isPolecat = (agent: AgentInfo): boolean => agent.role === 'polecat';

/** What a person does about agents. */
export const sessionCommands = {
  'gastown.nudgeAgent': {
    needs: 'town',
    async run(services, argument) {
      const title = l10n.t('Nudge Agent');
      const agent = idOf(argument, 'agent') ?? (await pickAgent(services, title, isLive));
      const given = argument.params['message'];
      const message =
        typeof given === 'string'
          ? given
          : await askText({
              title: `${title}: ${agent}`,
              prompt: l10n.t('It is typed to the agent with your name once it takes words.'),
              validateInput: required(l10n.t('Say something.')),
            });
      return services.connection.call(AgentNudge.spec, { agent, message });
    },
  },
  'gastown.restartSession': {
    needs: 'town',
    async run(services, argument) {
      const agent = idOf(argument, 'agent') ?? (await pickAgent(services, l10n.t('Restart Session'), isLive));
      return services.connection.call(SessionRestart.spec, { agent });
    },
  },
  'gastown.resumeAgent': {
    needs: 'town',
    async run(services, argument) {
      const stopped = (agent: AgentInfo): boolean =>
        isPolecat(agent) && agent.state === 'off' && agent.bead !== undefined;
      const agent =
        idOf(argument, 'agent') ??
        (await pickAgent(services, l10n.t('Start Agent Again'), stopped, l10n.t('no agent was stopped')));
      return startAgain(services, agent);
    },
  },
  'gastown.endPolecat': {
    needs: 'town',
    run: endPolecat,
  },
  'gastown.restoreSnapshot': {
    needs: 'town',
    run: restoreSnapshot,
  },
} satisfies Record<string, Command>;

async function startAgain(services: Services, agent: string): Promise<unknown> {
  const result = await services.connection.call(SessionStart.spec, { agent });
  offerEngine(services, l10n.t('{0} goes on.', agent));
  return result;
}

async function endPolecat(services: Services, argument: Argument): Promise<unknown> {
  const { store, dialogs, connection } = services;
  const agent =
    idOf(argument, 'agent') ??
    (await pickAgent(services, l10n.t('End Polecat'), isPolecat, l10n.t('there is no polecat')));
  const bead = store.agents.get(agent)?.bead;
  const isHandedIn = ['reviewing', 'queued', 'merging'].includes((bead && store.beads.get(bead)?.phase) ?? '');
  const end = l10n.t('End');
  const force = l10n.t('End and Withdraw Its Change');
  const choice = await dialogs.choose({
    message: l10n.t('End {0}?', agent),
    detail: [
      l10n.t(
        'Its session ends and its worktree is removed. A snapshot keeps all that it has, also what is not committed; "Restore from Snapshot" brings it back.',
      ),
      ...(bead === undefined ? [] : [l10n.t('{0} then waits until somebody slings it again.', bead)]),
      ...(isHandedIn
        ? [l10n.t('Its change waits to be merged: without withdrawing it the polecat is not ended.')]
        : []),
    ].join('\n\n'),
    // What is refused for sure is not offered.
    actions: [isHandedIn ? force : end],
  });
  if (choice !== end && choice !== force) return undefined;
  const result = await connection.call(PolecatNuke.spec, { agent, force: choice === force });
  vscode.window.setStatusBarMessage(
    `$(check) ${noIcons(result.snapshot ? l10n.t('{0} has ended; {1} is kept.', agent, result.snapshot) : l10n.t('{0} has ended.', agent))}`,
    8_000,
  );
  return result;
}

async function restoreSnapshot(services: Services, argument: Argument): Promise<unknown> {
  const title = l10n.t('Restore from Snapshot');
  const bead = idOf(argument, 'bead') ?? (await pickBead(services, title));
  const known = await services.connection.call(SnapshotList.spec, { bead });
  if (known.length === 0)
    throw new UserError(
      l10n.t('there is no snapshot of {0}', bead),
      l10n.t('one is kept when a polecat is ended'),
      'not-found',
    );
  const given = argument.params['snapshot'];
  const snapshot =
    typeof given === 'string'
      ? given
      : await askChoice(
          known.map(({ label, at, commit }) => ({
            label: oneLine(label, 80),
            description: new Date(at).toLocaleString(),
            detail: commit.slice(0, 12),
            value: label,
          })),
          { title: `${title}: ${bead}`, placeHolder: l10n.t('Which snapshot?') },
        );
  const result = await services.connection.call(PolecatRestore.spec, { bead, snapshot });
  offerStart(result.agent);
  return result;
}

/** What was restored waits until a person has looked at it. */
function offerStart(agent: string): void {
  const start = l10n.t('Start Again');
  void vscode.window
    .showInformationMessage(l10n.t('{0} has the work of the snapshot and waits to be started.', agent), start)
    .then((choice) => {
      if (choice === start) return vscode.commands.executeCommand('gastown.resumeAgent', { agent });
      return undefined;
    });
}
