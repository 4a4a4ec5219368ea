import type { Caller } from '../../../../server/src/protocol/request';
import {
  ConvoyClose,
  ConvoyPause,
  ConvoyRemove,
  ConvoyRename,
  ConvoyResume,
  type ConvoyEnd,
  type ConvoyInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, idsOf, textParam, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askChoice, askText, required } from '../../ui/prompts';
import { pickConvoy } from './pickConvoy';

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Dialogs;
}

/** Commands that change an existing convoy. */
export function convoyChangeCommands(
  services: Services,
): Commands<
  | 'gastown.renameConvoy'
  | 'gastown.pauseConvoy'
  | 'gastown.resumeConvoy'
  | 'gastown.closeConvoy'
  | 'gastown.removeFromConvoy'
> {
  return {
    'gastown.renameConvoy': { requires: 'town', run: (argument) => rename(services, argument) },
    'gastown.pauseConvoy': { requires: 'town', run: (argument) => pause(services, argument) },
    'gastown.resumeConvoy': { requires: 'town', run: (argument) => resume(services, argument) },
    'gastown.closeConvoy': { requires: 'town', run: (argument) => close(services, argument) },
    'gastown.removeFromConvoy': { requires: 'town', run: (argument) => remove(services, argument) },
  };
}

async function rename({ connection, store }: Services, argument: Argument): Promise<ConvoyInfo> {
  const dialogTitle = l10n.t('Rename Convoy');
  const id = idOf(argument, 'convoy') ?? (await pickConvoy(store, dialogTitle, isNotClosed, noneOpen()));
  const title =
    textParam(argument, 'title') ??
    (await askText({
      title: dialogTitle,
      prompt: l10n.t('Convoy name'),
      value: store.convoys.get(id)?.title,
      validateInput: required(l10n.t('A convoy needs a name.')),
    }));
  return connection.call(ConvoyRename.spec, { id, title });
}

async function pause({ connection, store }: Services, argument: Argument): Promise<ConvoyInfo> {
  const dialogTitle = l10n.t('Pause Convoy');
  const canPause = (convoy: ConvoyInfo): boolean => convoy.status === 'open' && !convoy.paused;
  const id =
    idOf(argument, 'convoy') ?? (await pickConvoy(store, dialogTitle, canPause, l10n.t('no convoy can be paused')));
  return connection.call(ConvoyPause.spec, { id });
}

async function resume({ connection, store }: Services, argument: Argument): Promise<ConvoyInfo> {
  const dialogTitle = l10n.t('Resume Convoy');
  const isPaused = (convoy: ConvoyInfo): boolean => convoy.paused === true;
  const id =
    idOf(argument, 'convoy') ?? (await pickConvoy(store, dialogTitle, isPaused, l10n.t('no convoy is paused')));
  return connection.call(ConvoyResume.spec, { id });
}

/** Closes a convoy after a confirmation; beads in progress continue. */
async function close({ connection, store, dialogs }: Services, argument: Argument): Promise<ConvoyEnd | undefined> {
  const dialogTitle = l10n.t('Close Convoy');
  const id = idOf(argument, 'convoy') ?? (await pickConvoy(store, dialogTitle, isNotClosed, noneOpen()));
  const convoy = store.convoys.get(id);
  if (convoy && convoy.done < convoy.total) {
    const confirmed = await dialogs.confirm(
      l10n.t('Close “{0}” before its work is done?', oneLine(convoy.title, 80)),
      l10n.t('Beads in progress continue and are merged. The others stay open; this convoy no longer starts them.'),
      l10n.t('Close Convoy'),
    );
    if (!confirmed) return undefined;
  }
  const reason =
    textParam(argument, 'reason') ?? (await askText({ title: dialogTitle, prompt: l10n.t('Reason (optional)') }));
  return connection.call(ConvoyClose.spec, { id, reason });
}

/** Removes beads from a convoy; the work on them is left as it is. */
async function remove({ connection, store }: Services, argument: Argument): Promise<ConvoyInfo> {
  const dialogTitle = l10n.t('Remove Bead from Convoy');
  const beads = idsOf(argument, 'bead');
  const common = (convoy: ConvoyInfo): boolean =>
    convoy.status !== 'closed' && convoy.total > 0 && beads.every((bead) => convoy.beads.includes(bead));
  const candidates = store.convoys.all().filter(common);
  const [only] = candidates;
  const id =
    textParam(argument, 'convoy') ??
    (beads.length > 0 && candidates.length === 1 && only
      ? only.id
      : await pickConvoy(store, dialogTitle, common, l10n.t('no open convoy has these beads')));
  if (beads.length > 0) return connection.call(ConvoyRemove.spec, { id, beads });
  const tracked = store.convoys.get(id)?.beads ?? [];
  const bead = await askChoice(
    tracked.map((one) => ({ label: oneLine(store.beads.get(one)?.title ?? one), description: one, value: one })),
    { title: dialogTitle, placeHolder: l10n.t('Select a bead') },
  );
  return connection.call(ConvoyRemove.spec, { id, beads: [bead] });
}

function isNotClosed(convoy: ConvoyInfo): boolean {
  return convoy.status !== 'closed';
}

function noneOpen(): string {
  return l10n.t('no convoy is open');
}
