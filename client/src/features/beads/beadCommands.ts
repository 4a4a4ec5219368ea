import * as vscode from 'vscode';
import { z } from 'zod';
import { plural } from '../../../../server/src/base/text';
import { BeadCreate, type Bead } from '../../../../server/src/protocol/bead';
import type { Caller } from '../../../../server/src/protocol/request';
import { Sling, type SlingResult } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, idsOf, type Argument, type Commands } from '../../ui/command';
import { askChoice, askText, askTextOrEditor, continueInEditor, required, type TextInput } from '../../ui/prompts';
import { pickRuntime } from '../agents/pickAgent';
import { pickRig } from '../rigs/rigs';
import type { EngineReminder } from '../town/engine';
import type { BeadDocuments } from './beadDocuments';
import { pickBead } from './pickBead';

interface Services {
  connection: Caller;
  store: TownStore;
  documents: BeadDocuments;
  engine: EngineReminder;
}

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

export function beadCommands(
  services: Services,
): Commands<
  'gastown.createBead' | 'gastown.showBead' | 'gastown.editDescription' | 'gastown.continueInEditor' | 'gastown.sling'
> {
  const { documents } = services;
  return {
    'gastown.createBead': {
      requires: 'town',
      run: (argument) => createBead(services, argument),
    },
    'gastown.showBead': {
      requires: 'readableTown',
      async run(argument) {
        const bead = idOf(argument, 'bead') ?? (await pickBead(services, l10n.t('Show Bead')));
        // From the editor of a change: the page opens to the side.
        const isBeside = argument.params['change'] !== undefined;
        await documents.show(bead, isBeside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active);
      },
    },
    'gastown.editDescription': {
      requires: 'town',
      async run(argument) {
        const bead =
          idOf(argument, 'bead') ?? documents.beadInEditor() ?? (await pickBead(services, l10n.t('Edit Description')));
        await documents.edit(bead);
      },
    },
    'gastown.continueInEditor': {
      requires: 'nothing',
      run: async () => continueInEditor(),
    },
    'gastown.sling': {
      requires: 'town',
      run: (argument) => sling(services, argument),
    },
  };
}

async function createBead(services: Services, argument: Argument): Promise<Bead> {
  const given = createParams.parse(argument.params);
  // With a title everything else has a default. Without one the user is asked.
  const interactive = given.title === undefined;
  const dialogTitle = l10n.t('Create Bead');
  const rigOfRow = argument.target?.kind === 'rig' ? argument.target.id : undefined;
  const rig = given.rig ?? rigOfRow ?? (await pickRig(services.store, dialogTitle));
  const title =
    given.title ??
    (await askText({
      title: `${dialogTitle} (1/4)`,
      prompt: l10n.t('Bead title'),
      validateInput: required(l10n.t('A bead needs a title.')),
    }));
  const type = given.type ?? (interactive ? await askType(`${dialogTitle} (2/4)`) : undefined);
  const priority = given.priority ?? (interactive ? await askPriority(`${dialogTitle} (3/4)`) : undefined);
  const description: TextInput =
    interactive && given.description === undefined
      ? await askDescription(`${dialogTitle} (4/4)`)
      : { text: given.description ?? '', inEditor: false };
  const bead = await services.connection.call(BeadCreate.spec, {
    ledger: rig,
    title,
    type,
    priority,
    description: description.text || undefined,
    deps: given.deps,
    labels: given.labels,
  });
  if (description.inEditor) await services.documents.edit(bead.id);
  else if (interactive) {
    const created = l10n.t('Created {0}: {1}', bead.id, noIcons(oneLine(title, 60)));
    vscode.window.setStatusBarMessage(`$(check) ${created}`, 5_000);
  }
  return bead;
}

function askType(title: string): Promise<string> {
  return askChoice(
    types.map((value) => ({ label: value, value })),
    { title, placeHolder: l10n.t('Type') },
  );
}

function askPriority(title: string): Promise<number> {
  const names = [l10n.t('critical'), l10n.t('high'), l10n.t('medium'), l10n.t('low'), l10n.t('backlog')];
  const order = [2, 0, 1, 3, 4]; // the default first, for Enter
  return askChoice(
    order.map((value) => ({ label: `P${value}`, description: names[value], value })),
    { title, placeHolder: l10n.t('Priority') },
  );
}

function askDescription(title: string): Promise<TextInput> {
  return askTextOrEditor({
    title,
    prompt: l10n.t('Description in Markdown (optional). The pencil (Ctrl+E) opens an editor for several lines.'),
  });
}

async function sling(services: Services, argument: Argument): Promise<SlingResult[]> {
  const given = z.object({ rig: z.string().optional(), runtime: z.string().optional() }).parse(argument.params);
  const title = l10n.t('Sling Bead');
  const named = idsOf(argument, 'bead');
  const beads = named.length > 0 ? named : [await pickBead(services, title)];
  const byRig = new Map<string, string[]>();
  for (const bead of beads) {
    const rig = given.rig ?? rigOf(services.store, bead) ?? (await pickRig(services.store, title));
    byRig.set(rig, [...(byRig.get(rig) ?? []), bead]);
  }
  const interactive = argument.target !== undefined || named.length === 0;
  const runtime = given.runtime ?? (interactive ? await askRuntime(services, title) : '');
  const results: SlingResult[] = [];
  for (const [rig, ids] of byRig) {
    const request = { beads: ids, rig, ...(runtime ? { runtime } : {}) };
    results.push(...(await services.connection.call(Sling.spec, request)));
  }
  const slung = beads.length === 1 ? (beads[0] ?? '') : plural(beads.length, l10n.t('bead'), l10n.t('beads'));
  services.engine.remind(l10n.t('Slung {0}.', slung));
  return results;
}

function askRuntime(services: Services, title: string): Promise<string> {
  return pickRuntime(services, title, {
    label: l10n.t('Default of the rig'),
    description: services.store.town?.defaultAgent ?? '',
    value: '',
  });
}

function rigOf(store: TownStore, bead: string): string | undefined {
  return store.beads.get(bead)?.rig ?? store.rigs.all().find((rig) => bead.startsWith(`${rig.prefix}-`))?.id;
}
