import type { BeadRef, WhyNot } from '../../../../server/src/protocol/board';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';

/** Format of untrusted parts of a reason: as plain text, or escaped and linked. */
export interface WhyNotFormat {
  readonly bead: (bead: BeadRef) => string;
  readonly name: (text: string) => string;
}

const plainText: WhyNotFormat = {
  bead: (bead) => oneLine(bead.title ?? bead.id, 40),
  name: (text) => oneLine(text, 40),
};

/** One reason why work on a bead has not started. Pure. */
export function whyNotText(reason: WhyNot, format: WhyNotFormat = plainText): string {
  const { bead, name } = format;
  switch (reason.kind) {
    case 'waits':
      return l10n.t('waiting for {0}', several(reason.beads, reason.more, bead));
    case 'parent':
      return l10n.t('waiting for its parent {0}', bead(reason.bead));
    case 'unmerged':
      return l10n.t('waiting for the merge of {0}', several(reason.beads, reason.more, bead));
    case 'unlanded':
      return l10n.t('waiting for {0}, which lands with {1}', bead(reason.bead), bead(reason.convoy));
    case 'overlap':
      return l10n.t(
        'waiting for {0}, which changes {1} too',
        bead(reason.bead),
        fileNames(reason.files, reason.more, name),
      );
    case 'deferred':
      return deferredText(reason, format);
    case 'person':
      return l10n.t('assigned to {0}', name(reason.name));
    case 'stopped':
      return l10n.t('its agent was stopped');
    case 'convoy-paused':
      return l10n.t('its convoy {0} is paused', bead(reason.convoy));
    case 'escalated':
      return l10n.t('its agent needs help: {0}', oneLine(reason.message, 80));
    case 'steps':
      return reason.gates.length > 0
        ? l10n.t('waiting for the gate {0}', several(reason.gates, 0, bead))
        : l10n.t('waiting for the step {0}', several(reason.steps.slice(0, 1), 0, bead));
    case 'rig':
      return l10n.t('the rig {0} cannot be used, see Needs Attention', name(reason.name));
    case 'consent':
      return consentText(reason, name);
    case 'backoff':
      return l10n.t('retrying at {0}', new Date(reason.until).toLocaleTimeString());
    case 'type':
      return l10n.t('agents do not work on beads of type {0}', name(reason.type));
    case 'status':
      return l10n.t('its status is {0}', name(reason.status));
    case 'unslung':
      return l10n.t('not slung yet');
    case 'paused':
      return l10n.t('the engine is paused');
  }
}

function fileNames(files: readonly string[], more: number, name: WhyNotFormat['name']): string {
  const names = files.map((file) => name(file)).join(', ');
  return more > 0 ? `${names} ${l10n.t('and {0} more', more)}` : names;
}

function several(beads: readonly BeadRef[], more: number, bead: WhyNotFormat['bead']): string {
  const names = beads.map(bead).join(', ');
  return more > 0 ? `${names} ${l10n.t('and {0} more', more)}` : names;
}

function deferredText(reason: Extract<WhyNot, { kind: 'deferred' }>, { bead, name }: WhyNotFormat): string {
  const { until, parent } = reason;
  const date = until === undefined ? undefined : dateText(until, name);
  if (parent)
    return date === undefined
      ? l10n.t('{0} is deferred', bead(parent))
      : l10n.t('{0} is deferred until {1}', bead(parent), date);
  return date === undefined ? l10n.t('deferred') : l10n.t('deferred until {0}', date);
}

function consentText(reason: Extract<WhyNot, { kind: 'consent' }>, formatName: WhyNotFormat['name']): string {
  const name = formatName(reason.name);
  switch (reason.what) {
    case 'runtime':
      return l10n.t('waiting for you to approve its runtime {0}', name);
    case 'script':
      return l10n.t('waiting for you to approve its script');
    case 'rig':
      return l10n.t('waiting for you to approve the commands of {0}', name);
  }
}

function dateText(time: string, name: WhyNotFormat['name']): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? name(time) : date.toLocaleDateString();
}
