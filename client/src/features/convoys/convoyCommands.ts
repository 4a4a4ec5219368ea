import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { plural } from '../../../../server/src/base/text';
import { type BeadListItem } from '../../../../server/src/protocol/bead';
import { DependencyAdd } from '../../../../server/src/protocol/dependency';
import type { Caller } from '../../../../server/src/protocol/request';
import {
  ConvoyAdd,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLaunch,
  type ConvoyInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, idsOf, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askChoice, askChoices, askText, required } from '../../ui/prompts';
import { beadChoice, openBeads, pickBeads } from '../beads/pickBead';
import type { EngineReminder } from '../town/engine';
import { pickConvoy } from './pickConvoy';
import { DependencyGraph, type DependencyEdge } from './dependencyGraph';

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Dialogs;
  engine: EngineReminder;
}

const createParams = z.object({
  title: z.string().optional(),
  beads: z.array(z.string()).optional(),
  stage: z.boolean().optional(),
  featureBranch: z.boolean().optional(),
  dependencies: z.array(z.tuple([z.string(), z.string()])).optional(),
});

export function convoyCommands(
  services: Services,
): Commands<'gastown.createConvoy' | 'gastown.launchConvoy' | 'gastown.addToConvoy' | 'gastown.stageConvoy'> {
  return {
    'gastown.createConvoy': { requires: 'town', run: (argument) => createConvoy(services, argument) },
    'gastown.launchConvoy': { requires: 'town', run: (argument) => launchConvoy(services, argument) },
    'gastown.addToConvoy': { requires: 'town', run: (argument) => addToConvoy(services, argument) },
    'gastown.stageConvoy': { requires: 'town', run: (argument) => stageConvoy(services, argument) },
  };
}

async function addToConvoy(services: Services, argument: Argument): Promise<ConvoyInfo> {
  const { connection, store } = services;
  const title = l10n.t('Add Bead to Convoy');
  const named = idsOf(argument, 'bead');
  const id = idOf(argument, 'convoy') ?? (await pickConvoy(store, title, () => true, l10n.t('there is no convoy yet')));
  const tracked = new Set(store.convoys.get(id)?.beads ?? []);
  const beads = named.length === 0 ? await pickBeads(services, title, tracked) : named;
  if (beads.length === 0) throw new UserError(l10n.t('no bead is selected'));
  return connection.call(ConvoyAdd.spec, { id, beads });
}

async function stageConvoy(services: Services, argument: Argument): Promise<ConvoyInfo> {
  const dialogTitle = l10n.t('Stage as Convoy');
  const named = idsOf(argument, 'bead');
  const beads = named.length > 0 ? named : await pickBeads(services, `${dialogTitle} (1/2)`);
  if (beads.length === 0) throw noBeadsError();
  const count = plural(beads.length, l10n.t('bead'), l10n.t('beads'));
  const title =
    createParams.parse(argument.params).title ?? (await askName(dialogTitle, `${l10n.t('Convoy name')} (${count})`));
  return services.connection.call(ConvoyCreate.spec, { title, beads, stage: true, notify: [] });
}

async function createConvoy(services: Services, argument: Argument): Promise<ConvoyInfo> {
  const { connection, engine } = services;
  const given = createParams.parse(argument.params);
  const dialogTitle = l10n.t('Create Convoy');
  const title = given.title ?? (await askName(`${dialogTitle} (1/4)`, l10n.t('Convoy name')));
  const beads = given.beads ?? (await pickBeads(services, `${dialogTitle} (2/4)`));
  if (beads.length === 0) throw noBeadsError();
  const edges =
    given.dependencies ?? (given.beads ? [] : await askDependencies(services, beads, `${dialogTitle} (3/4)`));
  const { stage = false, featureBranch } =
    given.stage === undefined && !given.beads ? await askStart(`${dialogTitle} (4/4)`) : given;
  for (const [from, to] of edges) await connection.call(DependencyAdd.spec, { from, to, type: 'blocks' });
  const convoy = await connection.call(ConvoyCreate.spec, {
    ...{ title, beads, stage, launch: !stage, notify: [] },
    ...(featureBranch === undefined ? {} : { featureBranch }),
  });
  if (!stage) engine.remind(launchedText(title));
  return convoy;
}

function noBeadsError(): UserError {
  return new UserError(l10n.t('a convoy needs at least one bead'));
}

function askName(title: string, prompt: string): Promise<string> {
  return askText({ title, prompt, validateInput: required(l10n.t('A convoy needs a name.')) });
}

interface ConvoyStart {
  /** Nothing starts until the convoy is launched. */
  stage: boolean;
  /** As the rig or the town has it, if undefined. */
  featureBranch?: boolean;
}

function askStart(title: string): Promise<ConvoyStart> {
  const launched = l10n.t('Agents start on every bead without open dependencies.');
  const staged = l10n.t('Nothing starts until you launch it.');
  const landing = l10n.t('The work merges into a branch of the convoy, which is reviewed and lands as a whole.');
  return askChoice<ConvoyStart>(
    [
      { label: `$(rocket) ${l10n.t('Launch now')}`, detail: launched, value: { stage: false } },
      { label: `$(circle-large-outline) ${l10n.t('Stage')}`, detail: staged, value: { stage: true } },
      {
        label: `$(git-branch) ${l10n.t('On a feature branch, at once')}`,
        detail: `${launched} ${landing}`,
        value: { stage: false, featureBranch: true },
      },
      {
        label: `$(git-branch) ${l10n.t('On a feature branch, later')}`,
        detail: `${staged} ${landing}`,
        value: { stage: true, featureBranch: true },
      },
    ],
    { title },
  );
}

async function askDependencies(
  services: Services,
  ids: readonly string[],
  title: string,
): Promise<readonly DependencyEdge[]> {
  if (ids.length < 2) return [];
  const order = await askChoice<'parallel' | 'sequence' | 'each'>(
    [
      {
        label: l10n.t('In parallel'),
        detail: l10n.t('Keep the existing dependencies and add none.'),
        value: 'parallel',
      },
      {
        label: l10n.t('In sequence'),
        detail: l10n.t('Each bead waits for the one before it.'),
        value: 'sequence',
      },
      { label: l10n.t('Choose for each bead…'), value: 'each' },
    ],
    { title, placeHolder: l10n.t('Select the order') },
  );
  switch (order) {
    case 'parallel':
      return [];
    case 'sequence':
      return ids.slice(1).map((id, index): DependencyEdge => [id, ids[index] ?? id]);
    case 'each': {
      const selected = new Set(ids);
      return askEach(
        (await openBeads(services)).filter((bead) => selected.has(bead.id)),
        title,
      );
    }
  }
}

/** Asks for the dependencies of each bead. Dependencies that would close a cycle are not offered. */
async function askEach(beads: readonly BeadListItem[], title: string): Promise<DependencyEdge[]> {
  const graph = new DependencyGraph(
    beads.flatMap((bead) => (bead.dependencies ?? []).map((edge): DependencyEdge => [bead.id, edge.depends_on_id])),
  );
  const edges: DependencyEdge[] = [];
  for (const [index, bead] of beads.entries()) {
    const possible = beads.filter((other) => other.id !== bead.id && !graph.reaches(other.id, bead.id));
    if (possible.length === 0) continue;
    const selected = await askChoices(
      possible.map((other) => ({ ...beadChoice(other), picked: graph.has(bead.id, other.id) })),
      {
        title: `${title}: ${l10n.t('bead {0} of {1}', index + 1, beads.length)}`,
        placeHolder: l10n.t('Select what “{0}” waits for', oneLine(bead.title, 60)),
      },
    );
    for (const id of selected.filter((other) => !graph.has(bead.id, other))) {
      edges.push([bead.id, id]);
      graph.add(bead.id, id);
    }
  }
  return edges;
}

async function launchConvoy(services: Services, argument: Argument): Promise<ConvoyInfo | undefined> {
  const { connection, store, dialogs, engine } = services;
  const isWaiting = (convoy: ConvoyInfo): boolean =>
    convoy.status !== 'closed' && (convoy.status !== 'open' || convoy.launchedAt === undefined);
  const id =
    idOf(argument, 'convoy') ??
    (await pickConvoy(store, l10n.t('Launch Convoy'), isWaiting, l10n.t('no convoy is waiting to be launched')));
  const status = await connection.call(ConvoyGet.spec, { id });
  const force = status.warnings.length > 0;
  if (force) {
    const confirmed = await dialogs.confirm(
      l10n.t('Launch “{0}” despite its warnings?', oneLine(status.title, 80)),
      status.warnings.map(({ message }) => message).join('\n'),
      l10n.t('Launch'),
    );
    if (!confirmed) return undefined;
  }
  const convoy = await connection.call(ConvoyLaunch.spec, { id, force });
  engine.remind(launchedText(convoy.title));
  return convoy;
}

function launchedText(title: string): string {
  return l10n.t('Launched {0}.', oneLine(title, 60));
}
