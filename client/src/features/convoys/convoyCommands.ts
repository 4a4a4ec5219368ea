import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { DependencyAdd, type BeadListItem } from '../../../../server/src/protocol/bead';
import {
  ConvoyAdd,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLaunch,
  type ConvoyInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import { askChoice, askChoices, askText, required } from '../../ui/prompts';
import { offerEngine } from '../beads/beadCommands';
import { reaches } from './graph';
import { idOf, idsOf, type Argument, type Command, type Services } from '../../ui/command';
import { beadChoice, openBeads, pickBeads, pickConvoy } from '../beads/pickBead';

/** `[waiting bead, bead it waits for]` */
type Edge = [string, string];

const createParams = z.object({
  title: z.string().optional(),
  beads: z.array(z.string()).optional(),
  stage: z.boolean().optional(),
  dependencies: z.array(z.tuple([z.string(), z.string()])).optional(),
});

export const convoyCommands = {
  'gastown.createConvoy': {
    needs: 'town',
    run: createConvoy,
  },
  'gastown.launchConvoy': {
    needs: 'town',
    async run(services, argument) {
      const id =
        idOf(argument, 'convoy') ??
        (await pickConvoy(
          services,
          l10n.t('Launch Convoy'),
          (convoy) => convoy.status.startsWith('staged'),
          l10n.t('no convoy is staged'),
        ));
      return launch(services, id);
    },
  },
  'gastown.addToConvoy': {
    needs: 'town',
    async run(services, argument) {
      const title = l10n.t('Add Bead to Convoy');
      const named = idsOf(argument, 'bead');
      const id =
        idOf(argument, 'convoy') ?? (await pickConvoy(services, title, () => true, l10n.t('there is no convoy yet')));
      const tracked = new Set(services.store.convoys.get(id)?.beads ?? []);
      const beads = named.length === 0 ? await pickBeads(services, title, tracked) : named;
      if (beads.length === 0) throw new UserError(l10n.t('no bead was chosen'));
      return services.connection.call(ConvoyAdd.spec, { id, beads });
    },
  },
  'gastown.stageConvoy': {
    needs: 'town',
    async run(services, argument) {
      const window = l10n.t('Stage as Convoy');
      const beads = idsOf(argument, 'bead');
      const chosen = beads.length > 0 ? beads : await pickBeads(services, `${window} (1/2)`);
      if (chosen.length === 0) throw new UserError(l10n.t('a convoy needs at least one bead'));
      const given = createParams.parse(argument.params).title;
      const title =
        given ??
        (await askText({
          title: window,
          prompt: l10n.t('What will be there when it has landed? ({0} beads)', chosen.length),
          validateInput: required(l10n.t('A convoy needs a name.')),
        }));
      return services.connection.call(ConvoyCreate.spec, { title, beads: chosen, stage: true, notify: [] });
    },
  },
} satisfies Record<string, Command>;

async function createConvoy(services: Services, argument: Argument): Promise<ConvoyInfo> {
  const given = createParams.parse(argument.params);
  const window = l10n.t('Create Convoy');
  const title =
    given.title ??
    (await askText({
      title: `${window} (1/4)`,
      prompt: l10n.t('What will be there when it has landed?'),
      validateInput: required(l10n.t('A convoy needs a name.')),
    }));
  const ids = given.beads ?? (await pickBeads(services, `${window} (2/4)`));
  if (ids.length === 0) throw new UserError(l10n.t('a convoy needs at least one bead'));
  const edges = given.dependencies ?? (given.beads ? [] : await askDependencies(services, ids, window));
  const stage =
    given.stage ??
    (given.beads
      ? false
      : await askChoice(
          [
            {
              label: `$(rocket) ${l10n.t('Launch now')}`,
              detail: l10n.t('Agents begin with every bead that waits for nothing.'),
              value: false,
            },
            {
              label: `$(circle-large-outline) ${l10n.t('Stage')}`,
              detail: l10n.t('Nothing starts before you launch it.'),
              value: true,
            },
          ],
          { title: `${window} (4/4)` },
        ));
  for (const [from, to] of edges) await services.connection.call(DependencyAdd.spec, { from, to, type: 'blocks' });
  const convoy = await services.connection.call(ConvoyCreate.spec, { title, beads: ids, stage, notify: [] });
  if (!stage) offerEngine(services, l10n.t('{0} is launched.', oneLine(title, 60)));
  return convoy;
}

async function askDependencies(services: Services, ids: readonly string[], window: string): Promise<Edge[]> {
  if (ids.length < 2) return [];
  const order = await askChoice(
    [
      {
        label: l10n.t('All at once'),
        detail: l10n.t('Keep what they wait for already, and add nothing.'),
        value: 'none' as const,
      },
      {
        label: l10n.t('One after the other'),
        detail: l10n.t('Each waits for the one before it.'),
        value: 'chain' as const,
      },
      { label: l10n.t('Choose for each bead…'), value: 'each' as const },
    ],
    { title: `${window} (3/4)`, placeHolder: l10n.t('In which order?') },
  );
  if (order === 'none') return [];
  if (order === 'chain') return ids.slice(1).map((id, index): Edge => [id, ids[index] ?? id]);
  const chosen = new Set(ids);
  const beads = (await openBeads(services)).filter((bead) => chosen.has(bead.id));
  return askEach(beads, window);
}

/** One question a bead; what would close a circle is not offered. */
async function askEach(beads: readonly BeadListItem[], window: string): Promise<Edge[]> {
  const waits = new Map<string, Set<string>>(
    beads.map((bead) => [bead.id, new Set((bead.dependencies ?? []).map((edge) => edge.depends_on_id))]),
  );
  const edges: Edge[] = [];
  for (const [index, bead] of beads.entries()) {
    const possible = beads.filter((other) => other.id !== bead.id && !reaches(waits, other.id, bead.id));
    if (possible.length === 0) continue;
    const known = waits.get(bead.id) ?? new Set();
    const picked = await askChoices(
      possible.map((other) => ({ ...beadChoice(other), picked: known.has(other.id) })),
      {
        title: `${window} (3/4): ${l10n.t('bead {0} of {1}', index + 1, beads.length)}`,
        placeHolder: l10n.t('"{0}" waits for… (Enter goes on)', oneLine(bead.title, 60)),
      },
    );
    for (const id of picked.filter((other) => !known.has(other))) {
      edges.push([bead.id, id]);
      known.add(id);
    }
    waits.set(bead.id, known);
  }
  return edges;
}

async function launch(services: Services, id: string): Promise<ConvoyInfo | undefined> {
  const status = await services.connection.call(ConvoyGet.spec, { id });
  let force = false;
  if (status.warnings.length > 0) {
    force = await services.dialogs.confirm(
      l10n.t('Launch "{0}" in spite of its warnings?', oneLine(status.title, 80)),
      status.warnings.join('\n'),
      l10n.t('Launch'),
    );
    if (!force) return undefined;
  }
  const convoy = await services.connection.call(ConvoyLaunch.spec, { id, force });
  offerEngine(services, l10n.t('{0} is launched.', oneLine(convoy.title, 60)));
  return convoy;
}
