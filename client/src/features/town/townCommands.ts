import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import { TownDown, TownStop, TownUp, type RigInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { settings, shortPath } from '../../base/settings';
import { realPath } from '../../connection/folderFacts';
import { installTown } from './installTown';
import { askChoice, askText, required, type Choice } from '../../ui/prompts';
import type { Command, Services } from '../../ui/command';
import { addRig, askConsent } from '../attention/consent';
import { whenReady } from '../../state/whenReady';

export const townCommands = {
  'gastown.makeTownHere': {
    needs: 'trust',
    async run(services, { params }) {
      const repository = await services.town.repository();
      if (!repository)
        throw new UserError(
          l10n.t('no git repository is open in this window'),
          l10n.t('open the folder of a repository first'),
          'not-found',
        );
      return makeTownFor(services, repository, params['fromWelcome'] === true);
    },
  },
  'gastown.createTown': {
    needs: 'trust',
    async run(services, { params }) {
      const given = params['path'];
      const folder =
        typeof given === 'string'
          ? given
          : await askText({
              title: l10n.t('Create Town'),
              prompt: l10n.t('A new or empty folder. Repositories are added to the town as rigs.'),
              value: settings.defaultTown,
              validateInput: required(l10n.t('A town needs a folder.')),
            });
      const installed = await install(services, folder);
      const said = installed.created
        ? l10n.t('The town {0} is there.', shortPath(installed.root))
        : l10n.t('{0} is a town already; this window uses it now.', shortPath(installed.root));
      void vscode.window.showInformationMessage(said);
      return installed;
    },
  },
  'gastown.trustTown': {
    needs: 'trust',
    async run(services) {
      const finding = services.town.finding;
      if (finding?.kind !== 'unregistered')
        throw new UserError(l10n.t('this window shows no town that waits for trust'), undefined, 'not-found');
      const agreed = await services.dialogs.confirm(
        l10n.t('Do you trust the town in {0}?', shortPath(finding.root)),
        l10n.t(
          'It was made by somebody else or copied here. Its engine starts paused, and every command and runtime of it still asks you before it runs for the first time.',
        ),
        l10n.t('Trust This Town'),
      );
      return agreed ? install(services, finding.root) : undefined;
    },
  },
  'gastown.chooseTown': {
    needs: 'trust',
    async run(services, { params }) {
      const given = params['path'];
      const root =
        typeof given === 'string'
          ? given
          : await askChoice(
              services.town.towns.map(
                (town): Choice<string> => ({ label: town.name, description: shortPath(town.root), value: town.root }),
              ),
              { title: l10n.t('Use Town in This Window'), placeHolder: l10n.t('Which town?') },
            );
      await services.town.choose(root);
      await whenReady(services);
      return root;
    },
  },
  'gastown.startEngine': {
    needs: 'town',
    run: ({ connection }) => connection.call(TownUp.spec, {}),
  },
  'gastown.pauseEngine': {
    needs: 'town',
    run: ({ connection }) => connection.call(TownDown.spec, {}),
  },
  'gastown.stopAll': {
    needs: 'town',
    async run({ connection, dialogs }) {
      const agreed = await dialogs.confirm(
        l10n.t('Stop every agent and pause the engine?'),
        l10n.t('Their work stays on their hooks and goes on when you start them again.'),
        l10n.t('Stop Everything'),
      );
      return agreed ? connection.call(TownStop.spec, { all: true }) : undefined;
    },
  },
} satisfies Record<string, Command>;

async function install(services: Services, folder: string): Promise<{ root: string; created: boolean }> {
  const installed = await withProgress(l10n.t('Making the town…'), () => installTown(folder, services.distFolder));
  await services.town.choose(installed.root);
  await whenReady(services);
  return installed;
}

/** The one click: the person need not know what a town is. */
async function makeTownFor(
  services: Services,
  repository: string,
  fromWelcome: boolean,
): Promise<{ root: string; rig: string } | undefined> {
  const root = await townFor(services);
  const rig = await withProgress(l10n.t('Adding {0}…', path.basename(repository)), async () => {
    await services.town.choose(root);
    await whenReady(services);
    const known = services.store.rigs.all().find((candidate) => realPath(candidate.source) === repository);
    return known ?? addRig(services, { source: repository });
  });
  if (!rig.accepted) await askConsent(services, rig);
  void sayNext(services, rig, fromWelcome);
  return { root, rig: rig.id };
}

/** The person's only town, one of several as they say, or a new one. */
async function townFor(services: Services): Promise<string> {
  const towns = services.town.towns;
  if (towns.length === 0)
    return (
      await withProgress(l10n.t('Making the town…'), () => installTown(settings.defaultTown, services.distFolder))
    ).root;
  const only = towns[0];
  if (towns.length === 1 && only) return only.root;
  return askChoice(
    towns.map((town): Choice<string> => ({ label: town.name, description: shortPath(town.root), value: town.root })),
    { title: l10n.t('Add This Repository to a Town'), placeHolder: l10n.t('To which of your towns?') },
  );
}

/** What can be done now. The view has the same buttons: nobody needs telling who looks at it. */
async function sayNext(services: Services, rig: RigInfo, fromWelcome: boolean): Promise<void> {
  if (services.views.convoys.view.visible) {
    // The button that was pressed is gone, and the focus with it: it goes to the buttons that took its place.
    if (fromWelcome) await vscode.commands.executeCommand('gastown.convoys.focus');
    return;
  }
  const create = l10n.t('Create Bead');
  const start = l10n.t('Start Engine');
  const up = services.store.town?.up ?? false;
  const choice = await vscode.window.showInformationMessage(
    l10n.t('{0} is a rig of your town now. Describe work as beads; agents work on it while the engine runs.', rig.id),
    ...(up ? [create] : [create, start]),
  );
  if (choice === create) await vscode.commands.executeCommand('gastown.createBead', { rig: rig.id });
  if (choice === start) await vscode.commands.executeCommand('gastown.startEngine');
}

function withProgress<T>(title: string, task: () => Promise<T>): Promise<T> {
  return Promise.resolve(vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, task));
}
