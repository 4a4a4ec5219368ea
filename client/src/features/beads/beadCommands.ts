import * as vscode from 'vscode';
import { z } from 'zod';
import { BeadCreate } from '../../../../server/src/protocol/bead';
import { Sling, type SlingResult } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { noIcons, oneLine } from '../../base/text';
import { linkKinds, linkTo } from '../links/townLink';
import { askChoice, askText, askTextOrEditor, continueInEditor, required } from '../../ui/prompts';
import { idOf, idsOf, type Argument, type Command, type Services } from '../../ui/command';
import { pickBead, pickRig, pickRuntime } from './pickBead';

const createParams = z.object({
  title: z.string().optional(),
  rig: z.string().optional(),
  type: z.string().optional(),
  priority: z.number().optional(),
  description: z.string().optional(),
  deps: z.array(z.tuple([z.string(), z.string()])).optional(),
  labels: z.array(z.string()).optional(),
});

const types = ['task', 'bug', 'feature', 'chore', 'issue', 'epic'];

export const beadCommands = {
  'gastown.createBead': {
    needs: 'town',
    run: createBead,
  },
  'gastown.showBead': {
    needs: 'look',
    async run(services, argument) {
      const bead = idOf(argument, 'bead') ?? (await pickBead(services, l10n.t('Show Bead')));
      // From the title of a change that is reviewed: both are to be seen.
      await services.documents.show(
        bead,
        argument.params['change'] === undefined ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside,
      );
    },
  },
  'gastown.editDescription': {
    needs: 'town',
    async run(services, argument) {
      const bead =
        idOf(argument, 'bead') ??
        services.documents.beadInEditor() ??
        (await pickBead(services, l10n.t('Edit Description')));
      await services.documents.edit(bead);
    },
  },
  'gastown.writeInEditor': {
    needs: 'nothing',
    run: async () => continueInEditor(),
  },
  'gastown.sling': {
    needs: 'town',
    async run(services, argument) {
      const { rig: givenRig, runtime: givenRuntime } = z
        .object({ rig: z.string().optional(), runtime: z.string().optional() })
        .parse(argument.params);
      const title = l10n.t('Sling Bead');
      const named = idsOf(argument, 'bead');
      const beads = named.length > 0 ? named : [await pickBead(services, title)];
      const programmatic = argument.target === undefined && named.length > 0;
      const rigs = new Map<string, string[]>();
      for (const bead of beads) {
        const rig =
          givenRig ??
          services.store.beads.get(bead)?.rig ??
          rigByPrefix(services, bead) ??
          (await pickRig(services, title));
        rigs.set(rig, [...(rigs.get(rig) ?? []), bead]);
      }
      const runtime =
        givenRuntime ??
        (programmatic
          ? ''
          : await pickRuntime(services, title, {
              label: l10n.t('Default of the rig'),
              description: services.store.town?.defaultAgent ?? '',
              value: '',
            }));
      const results: SlingResult[] = [];
      for (const [rig, ids] of rigs)
        results.push(
          ...(await services.connection.call(Sling.spec, { beads: ids, rig, ...(runtime ? { runtime } : {}) })),
        );
      offerEngine(
        services,
        beads.length === 1 ? l10n.t('{0} is slung.', beads[0] ?? '') : l10n.t('{0} beads are slung.', beads.length),
      );
      return results;
    },
  },
  'gastown.copyId': {
    needs: 'nothing',
    async run(_services, { target }) {
      if (!target || target.kind === 'group' || target.kind === 'town') return undefined;
      await vscode.env.clipboard.writeText(target.id);
      vscode.window.setStatusBarMessage(l10n.t('Copied {0}', noIcons(target.id)), 2_000);
      return target.id;
    },
  },
  'gastown.copyLink': {
    needs: 'nothing',
    async run({ extensionId }, { target }) {
      const kind = linkKinds.find((known) => known === target?.kind);
      if (!target || !kind) return undefined;
      const link = linkTo({ kind, id: target.id }, vscode.env.uriScheme, extensionId);
      await vscode.env.clipboard.writeText(link);
      vscode.window.setStatusBarMessage(l10n.t('Copied {0}', noIcons(link)), 2_000);
      return link;
    },
  },
} satisfies Record<string, Command>;

async function createBead(services: Services, argument: Argument): Promise<unknown> {
  const given = createParams.parse(argument.params);
  const rigOfRow = argument.target?.kind === 'rig' ? argument.target.id : undefined;
  // With a title everything else has a default; without one a person is at the keyboard.
  const asks = given.title === undefined;
  const window = l10n.t('Create Bead');
  const rig = given.rig ?? rigOfRow ?? (await pickRig(services, window));
  const title =
    given.title ??
    (await askText({
      title: `${window} (1/4)`,
      prompt: l10n.t('What is to be done?'),
      validateInput: required(l10n.t('A bead needs a title.')),
    }));
  const type =
    given.type ??
    (asks
      ? await askChoice(
          types.map((value) => ({ label: value, value })),
          { title: `${window} (2/4)`, placeHolder: l10n.t('Type') },
        )
      : undefined);
  const priority = given.priority ?? (asks ? await askPriority(`${window} (3/4)`) : undefined);
  const how =
    asks && given.description === undefined
      ? await askTextOrEditor({
          title: `${window} (4/4)`,
          prompt: l10n.t(
            'Description in Markdown, optional. The pencil (Ctrl+E) opens an editor for more than one line.',
          ),
        })
      : { text: given.description, inEditor: false };
  const bead = await services.connection.call(BeadCreate.spec, {
    ledger: rig,
    title,
    type,
    priority,
    description: how.text || undefined,
    deps: given.deps,
    labels: given.labels,
  });
  if (asks) {
    if (how.inEditor) await services.documents.edit(bead.id);
    else
      vscode.window.setStatusBarMessage(
        `$(check) ${l10n.t('{0} created: {1}', bead.id, noIcons(oneLine(title, 60)))}`,
        5_000,
      );
  }
  return bead;
}

function askPriority(title: string): Promise<number> {
  const names = [l10n.t('critical'), l10n.t('high'), l10n.t('medium'), l10n.t('low'), l10n.t('backlog')];
  const order = [2, 0, 1, 3, 4]; // the default first: Enter takes it
  return askChoice(
    order.map((value) => ({ label: `P${value}`, description: names[value], value })),
    { title, placeHolder: l10n.t('Priority') },
  );
}

function rigByPrefix(services: Services, bead: string): string | undefined {
  return services.store.rigs.all().find((rig) => bead.startsWith(`${rig.prefix}-`))?.id;
}

/** Work that was asked for waits as long as the engine is paused. The view says so and has the button; else we do. */
export function offerEngine(services: Services, done: string): void {
  if (services.store.town?.up !== false || services.views.convoys.view.visible) return;
  const start = l10n.t('Start Engine');
  void vscode.window
    .showInformationMessage(l10n.t('{0} The engine is paused, so no agent starts.', done), start)
    .then((choice) => {
      if (choice === start) return vscode.commands.executeCommand('gastown.startEngine');
      return undefined;
    });
}
