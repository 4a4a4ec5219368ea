import type { BeadRef, WhyNot } from '../../../../server/src/protocol/board';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';

/** How the parts of a reason that came from elsewhere are written: as they stand, or escaped and linked. */
export interface Wording {
  readonly bead: (bead: BeadRef) => string;
  readonly name: (text: string) => string;
}

const plain: Wording = { bead: (bead) => oneLine(bead.title ?? bead.id, 40), name: (text) => oneLine(text, 40) };

/** Why nobody begins with a bead, in few words. Pure. */
export function whyText(reason: WhyNot, wording: Wording = plain): string {
  const { bead, name } = wording;
  switch (reason.kind) {
    case 'waits':
      return l10n.t('waits for {0}', several(reason.beads, reason.more, bead));
    case 'parent':
      return l10n.t('what it is part of waits: {0}', bead(reason.bead));
    case 'unmerged':
      return l10n.t('waits for the merge of {0}', several(reason.beads, reason.more, bead));
    case 'deferred':
      return deferred(reason, wording);
    case 'person':
      return l10n.t('held by {0}', name(reason.name));
    case 'stopped':
      return l10n.t('stopped by a person');
    case 'rig':
      return l10n.t('the rig {0} cannot be used: see Needs You', name(reason.name));
    case 'consent':
      return consent(reason, name);
    case 'backoff':
      return l10n.t('tries again at {0}', new Date(reason.until).toLocaleTimeString());
    case 'type':
      return l10n.t('no agent works on beads of type {0}', name(reason.type));
    case 'status':
      return l10n.t('its status is {0}', name(reason.status));
    case 'unslung':
      return l10n.t('nobody has slung it');
    case 'paused':
      return l10n.t('the engine is paused');
  }
}

function several(beads: readonly BeadRef[], more: number, bead: Wording['bead']): string {
  const names = beads.map(bead).join(', ');
  return more > 0 ? `${names} ${l10n.t('and {0} more', more)}` : names;
}

function deferred(reason: Extract<WhyNot, { kind: 'deferred' }>, { bead, name }: Wording): string {
  const { until, parent } = reason;
  const date = until === undefined ? undefined : dateOf(until, name);
  if (parent) return l10n.t('{0} is deferred until {1}', bead(parent), date ?? '?');
  return date === undefined ? l10n.t('deferred') : l10n.t('deferred until {0}', date);
}

function consent(reason: Extract<WhyNot, { kind: 'consent' }>, say: Wording['name']): string {
  const name = say(reason.name);
  switch (reason.what) {
    case 'runtime':
      return l10n.t('its runtime {0} is not accepted', name);
    case 'script':
      return l10n.t('its script is not accepted');
    case 'rig':
      return l10n.t('the commands of {0} are not accepted', name);
  }
}

function dateOf(time: string, name: Wording['name']): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? name(time) : date.toLocaleDateString();
}
