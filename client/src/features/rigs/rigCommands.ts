import * as vscode from 'vscode';
import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { plural } from '../../../../server/src/base/text';
import type { Caller } from '../../../../server/src/protocol/request';
import { gateNames, RigFastForward, RigRemove, type RigInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { TownResolver } from '../../connection/townResolver';
import type { TownStore } from '../../state/townStore';
import { idOf, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { Cancelled } from '../../ui/errors';
import { askChoice, askText, required } from '../../ui/prompts';
import type { Consent } from '../consent/consent';
import { rigNameFrom } from '../../../../server/src/base/rigName';
import { addRig, pickRig, rigNames } from './rigs';

interface Services {
  connection: Caller;
  store: TownStore;
  resolver: TownResolver;
  dialogs: Dialogs;
  consent: Consent;
}

const addParams = z.object({
  source: z.string().optional(),
  name: z.string().optional(),
  maxWorkers: z.number().optional(),
  gates: z.partialRecord(z.enum(gateNames), z.string()).optional(),
  accept: z.boolean().optional(),
});

export function rigCommands(
  services: Services,
): Commands<'gastown.addRig' | 'gastown.removeRig' | 'gastown.fastForward'> {
  return {
    'gastown.addRig': { requires: 'town', run: (argument) => addRigCommand(services, argument) },
    'gastown.removeRig': { requires: 'town', run: (argument) => removeRig(services, argument) },
    'gastown.fastForward': {
      requires: 'town',
      async run(argument) {
        const name = idOf(argument, 'rig') ?? (await pickRigBehind(services.store));
        return fastForward(services, name);
      },
    },
  };
}

async function addRigCommand(services: Services, { params }: Argument): Promise<RigInfo> {
  const given = addParams.parse(params);
  const source = given.source ?? (await askSource(services));
  const name = given.name ?? (given.source ? undefined : await askName(services.store, source));
  const rig = await vscode.window.withProgress({ location: { viewId: 'gastown.agents' } }, () =>
    addRig(services, { ...given, source, name }),
  );
  if (!rig.accepted && given.accept === undefined) await services.consent.askForRig(rig);
  return rig;
}

async function removeRig({ connection, store, dialogs }: Services, argument: Argument): Promise<unknown> {
  const name = idOf(argument, 'rig') ?? (await pickRig(store, l10n.t('Remove Rig')));
  const confirmed = await dialogs.confirm(
    l10n.t('Remove the rig {0}?', name),
    l10n.t(
      'Its folder is moved to .runtime/removed in the town. The original repository does not change. A rig with unmerged work is not removed.',
    ),
    l10n.t('Remove'),
  );
  return confirmed ? connection.call(RigRemove.spec, { name }) : undefined;
}

/** Brings merged work into the checked-out branch of the repository of the rig's source. */
export async function fastForward(
  { connection, store }: Pick<Services, 'connection' | 'store'>,
  name: string,
): Promise<{ commits: number }> {
  const rig = store.rigs.get(name);
  if (rig && !rig.fastForward) throw new UserError(l10n.t('{0} is up to date', name), undefined, 'not-found');
  const result = await connection.call(RigFastForward.spec, { name });
  const commits = plural(result.commits, l10n.t('commit'), l10n.t('commits'));
  void vscode.window.showInformationMessage(l10n.t('Fast-forwarded {0} by {1}.', rig?.defaultBranch ?? name, commits));
  return result;
}

async function pickRigBehind(store: TownStore): Promise<string> {
  const behind = store.rigs.all().filter((rig) => rig.fastForward);
  const [only] = behind;
  if (!only) throw new UserError(l10n.t('every repository is up to date'), undefined, 'not-found');
  if (behind.length === 1) return only.id;
  return askChoice(
    behind.map((rig) => ({
      label: rig.id,
      description: plural(rig.fastForward?.commits ?? 0, l10n.t('commit'), l10n.t('commits')),
      value: rig.id,
    })),
    { title: l10n.t('Fast-Forward'), placeHolder: l10n.t('Select a rig') },
  );
}

async function askSource({ store, resolver }: Services): Promise<string> {
  const title = l10n.t('Add Rig');
  const open = await resolver.repository();
  const isNew = open !== undefined && !store.rigs.all().some((rig) => rig.source === open);
  const kind = await askChoice<'open' | 'url' | 'folder'>(
    [
      ...(isNew ? [{ label: `$(repo) ${l10n.t('This repository')}`, description: open, value: 'open' as const }] : []),
      { label: `$(globe) ${l10n.t('Git URL…')}`, value: 'url' },
      { label: `$(folder) ${l10n.t('Folder…')}`, value: 'folder' },
    ],
    { title, placeHolder: l10n.t('Select the repository') },
  );
  if (kind === 'open' && open) return open;
  if (kind === 'url')
    return askText({
      title,
      prompt: l10n.t('URL of the git repository'),
      placeHolder: 'https://example.org/project.git',
      validateInput: required(l10n.t('A rig needs a repository.')),
    });
  const [folder] =
    (await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, openLabel: title })) ?? [];
  if (!folder) throw new Cancelled();
  return folder.fsPath;
}

function askName(store: TownStore, source: string): Promise<string> {
  const taken = rigNames(store);
  return askText({
    title: l10n.t('Add Rig'),
    prompt: l10n.t('Name of the rig in this town'),
    value: rigNameFrom(source, taken),
    validateInput: (value) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9_]*$/.test(value.trim())) return l10n.t('Use letters, digits and "_" only.');
      return taken.has(value.trim()) ? l10n.t('A rig with this name already exists.') : undefined;
    },
  });
}
