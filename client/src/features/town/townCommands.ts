import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import type { Caller } from '../../../../server/src/protocol/request';
import type { RigInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { settings, shortPath } from '../../base/settings';
import { realPath } from '../../connection/folderFacts';
import type { KnownTown } from '../../connection/knownTowns';
import type { TownResolver } from '../../connection/townResolver';
import type { TownStore } from '../../state/townStore';
import { textParam, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askChoice, askText, required, type Choice } from '../../ui/prompts';
import type { Consent } from '../consent/consent';
import { addRig } from '../rigs/rigs';
import { installTown, type InstalledTown } from './installTown';

interface Services {
  connection: Caller;
  store: TownStore;
  resolver: TownResolver;
  dialogs: Dialogs;
  consent: Consent;
  convoysView: { readonly visible: boolean };
  /** The folder of the bundled programs. */
  distFolder: string;
  /** Resolves when the town of this window can be used. */
  ready: () => Promise<void>;
}

/** Creating, trusting and choosing the town of this window. */
export function townCommands(
  services: Services,
): Commands<'gastown.setUpRepository' | 'gastown.createTown' | 'gastown.trustTown' | 'gastown.chooseTown'> {
  return {
    'gastown.setUpRepository': { requires: 'trust', run: (argument) => setUpRepository(services, argument) },
    'gastown.createTown': { requires: 'trust', run: (argument) => createTown(services, argument) },
    'gastown.trustTown': { requires: 'trust', run: () => trustTown(services) },
    'gastown.chooseTown': {
      requires: 'trust',
      async run(argument) {
        const { resolver, ready } = services;
        const root = textParam(argument, 'path') ?? (await pickTown(resolver.towns, l10n.t('Use Town in This Window')));
        await resolver.choose(root);
        await ready();
        return root;
      },
    },
  };
}

/** Adds the open repository to the user's town, which is created first if there is none. */
async function setUpRepository(services: Services, { params }: Argument): Promise<{ root: string; rig: string }> {
  const { store, resolver, consent, ready } = services;
  const repository = await resolver.repository();
  if (!repository)
    throw new UserError(
      l10n.t('no git repository is open in this window'),
      l10n.t('open the folder of a repository first'),
      'not-found',
    );
  const root = await townFor(services);
  const rig = await withProgress(l10n.t('Adding {0}…', path.basename(repository)), async () => {
    await resolver.choose(root);
    await ready();
    const known = store.rigs.all().find((candidate) => realPath(candidate.source) === repository);
    return known ?? addRig(services, { source: repository });
  });
  if (!rig.accepted) await consent.askForRig(rig);
  void offerNextSteps(services, rig, params['fromWelcome'] === true);
  return { root, rig: rig.id };
}

/** The user's only town, one chosen of several, or a new one. */
async function townFor({ resolver, distFolder }: Services): Promise<string> {
  const { towns } = resolver;
  const [only] = towns;
  if (!only) {
    const install = (): Promise<InstalledTown> => installTown(settings.defaultTown, distFolder);
    return (await withProgress(l10n.t('Creating the town…'), install)).root;
  }
  return towns.length === 1 ? only.root : pickTown(towns, l10n.t('Add This Repository to a Town'));
}

function pickTown(towns: readonly KnownTown[], title: string): Promise<string> {
  return askChoice(
    towns.map((town): Choice<string> => ({ label: town.name, description: shortPath(town.root), value: town.root })),
    { title, placeHolder: l10n.t('Select a town') },
  );
}

async function createTown(services: Services, argument: Argument): Promise<InstalledTown> {
  const folder =
    textParam(argument, 'path') ??
    (await askText({
      title: l10n.t('Create Town'),
      prompt: l10n.t('A new or empty folder. Repositories are added to the town as rigs.'),
      value: settings.defaultTown,
      validateInput: required(l10n.t('A town needs a folder.')),
    }));
  const installed = await install(services, folder);
  const where = shortPath(installed.root);
  void vscode.window.showInformationMessage(
    installed.created
      ? l10n.t('Created the town {0}.', where)
      : l10n.t('{0} is already a town; this window now uses it.', where),
  );
  return installed;
}

async function trustTown(services: Services): Promise<InstalledTown | undefined> {
  const { finding } = services.resolver;
  if (finding?.kind !== 'unregistered')
    throw new UserError(l10n.t('the town of this window does not need to be trusted'), undefined, 'not-found');
  const trusted = await services.dialogs.confirm(
    l10n.t('Do you trust the town in {0}?', shortPath(finding.root)),
    l10n.t(
      'It was created by another user, or copied here. Its engine starts paused, and you are still asked before a command or runtime runs for the first time.',
    ),
    l10n.t('Trust This Town'),
  );
  return trusted ? install(services, finding.root) : undefined;
}

async function install({ resolver, distFolder, ready }: Services, folder: string): Promise<InstalledTown> {
  const installed = await withProgress(l10n.t('Creating the town…'), () => installTown(folder, distFolder));
  await resolver.choose(installed.root);
  await ready();
  return installed;
}

async function offerNextSteps({ store, convoysView }: Services, rig: RigInfo, fromWelcome: boolean): Promise<void> {
  if (convoysView.visible) {
    // The view has buttons for the next steps. The focused welcome view is gone: the view itself gets the focus.
    if (fromWelcome) await vscode.commands.executeCommand('gastown.convoys.focus');
    return;
  }
  const create = l10n.t('Create Bead');
  const start = l10n.t('Start Engine');
  const choice = await vscode.window.showInformationMessage(
    l10n.t('{0} is now a rig of your town. Describe work as beads; agents work on it while the engine runs.', rig.id),
    ...(store.town?.up ? [create] : [create, start]),
  );
  if (choice === create) await vscode.commands.executeCommand('gastown.createBead', { rig: rig.id });
  if (choice === start) await vscode.commands.executeCommand('gastown.startEngine');
}

function withProgress<T>(title: string, task: () => Promise<T>): Promise<T> {
  return Promise.resolve(vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, task));
}
