import * as vscode from 'vscode';
import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { gateNames, RigFastForward, RigRemove } from '../../../../server/src/protocol/town';
import { plural } from '../../../../server/src/base/text';
import { Cancelled } from '../../ui/cancelled';
import { l10n } from '../../base/l10n';
import { askChoice, askText, required } from '../../ui/prompts';
import { idOf, type Argument, type Command, type Services } from '../../ui/command';
import { rigNameFrom } from './rigName';
import { pickRig } from '../beads/pickBead';
import { addRig, askConsent } from '../attention/consent';

const addParams = z.object({
  source: z.string().optional(),
  name: z.string().optional(),
  maxWorkers: z.number().optional(),
  gates: z.partialRecord(z.enum(gateNames), z.string()).optional(),
  accept: z.boolean().optional(),
});

export const rigCommands = {
  'gastown.addRig': {
    needs: 'town',
    async run(services, { params }) {
      const given = addParams.parse(params);
      const source = given.source ?? (await askSource(services));
      const name = given.name ?? (given.source ? undefined : await askName(services, source));
      const rig = await vscode.window.withProgress({ location: { viewId: 'gastown.agents' } }, () =>
        addRig(services, { ...given, source, name }),
      );
      if (!rig.accepted && given.accept === undefined) await askConsent(services, rig);
      return rig;
    },
  },
  'gastown.removeRig': {
    needs: 'town',
    async run(services, argument) {
      const name = idOf(argument, 'rig') ?? (await pickRig(services, l10n.t('Remove Rig')));
      const agreed = await services.dialogs.confirm(
        l10n.t('Remove the rig {0}?', name),
        l10n.t(
          'Its folder is moved to .runtime/removed in the town, and the repository it was made from stays as it is. A rig with unmerged work is not removed.',
        ),
        l10n.t('Remove'),
      );
      return agreed ? services.connection.call(RigRemove.spec, { name }) : undefined;
    },
  },
  'gastown.fastForward': {
    needs: 'town',
    run: (services, argument) => fastForward(services, argument),
  },
} satisfies Record<string, Command>;

export async function fastForward(services: Services, argument: Argument): Promise<{ commits: number }> {
  const behind = services.store.rigs.all().filter((rig) => rig.fastForward);
  const name =
    idOf(argument, 'rig') ??
    (behind.length === 1 ? behind[0]?.id : undefined) ??
    (await askChoice(
      behind.map((rig) => ({
        label: rig.id,
        description: l10n.t('{0} commits', rig.fastForward?.commits ?? 0),
        value: rig.id,
      })),
      { title: l10n.t('Fast-Forward'), placeHolder: l10n.t('Which rig?') },
    ));
  const rig = services.store.rigs.get(name);
  if (rig && !rig.fastForward)
    throw new UserError(l10n.t('{0} has all merged work already', name), undefined, 'not-found');
  const done = await services.connection.call(RigFastForward.spec, { name });
  void vscode.window.showInformationMessage(
    l10n.t(
      '{0}: {1} taken over into {2}.',
      name,
      plural(done.commits, l10n.t('commit'), l10n.t('commits')),
      rig?.defaultBranch ?? '',
    ),
  );
  return done;
}

async function askSource(services: Services): Promise<string> {
  const here = await services.town.repository();
  const known = new Set(services.store.rigs.all().map((rig) => rig.source));
  const kind = await askChoice(
    [
      ...(here && !known.has(here)
        ? [{ label: `$(repo) ${l10n.t('This repository')}`, description: here, value: 'here' as const }]
        : []),
      { label: `$(globe) ${l10n.t('Git URL…')}`, value: 'url' as const },
      { label: `$(folder) ${l10n.t('Folder…')}`, value: 'folder' as const },
    ],
    { title: l10n.t('Add Rig'), placeHolder: l10n.t('Where is the repository?') },
  );
  if (kind === 'here' && here) return here;
  if (kind === 'url') {
    return askText({
      title: l10n.t('Add Rig'),
      prompt: l10n.t('URL of the git repository'),
      placeHolder: 'https://example.org/project.git',
      validateInput: required(l10n.t('A rig needs a repository.')),
    });
  }
  const folders = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: l10n.t('Add Rig'),
  });
  const folder = folders?.[0];
  if (!folder) throw new Cancelled();
  return folder.fsPath;
}

function askName(services: Services, source: string): Promise<string> {
  const taken = new Set(services.store.rigs.all().map((rig) => rig.id));
  return askText({
    title: l10n.t('Add Rig'),
    prompt: l10n.t('Name of the rig in this town'),
    value: rigNameFrom(source, taken),
    validateInput: (value) =>
      !/^[A-Za-z0-9][A-Za-z0-9_]*$/.test(value.trim())
        ? l10n.t('Letters, digits and "_" only.')
        : taken.has(value.trim())
          ? l10n.t('There is a rig of this name already.')
          : undefined,
  });
}
