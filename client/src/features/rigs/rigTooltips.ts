import { plural } from '../../../../server/src/base/text';
import type { RigInfo, TownInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine, fenced, paragraphs } from '../../base/text';

/** Markdown for the hovers of the town and its rigs. Pure. */

export function townTooltip(town: TownInfo): string {
  return paragraphs([
    `**${escapeLine(town.name)}**`,
    escapeLine(town.root, 400),
    l10n.t('Default agent: {0}', escapeLine(town.defaultAgent)),
  ]);
}

export function rigTooltip(rig: RigInfo): string {
  return paragraphs([
    `**${escapeLine(rig.id)}** (${escapeLine(rig.prefix)}-)`,
    escapeLine(rig.source, 400),
    l10n.t(
      'Merges into {0}, at most {1}',
      escapeLine(rig.targetBranch),
      plural(rig.maxWorkers, l10n.t('worker'), l10n.t('workers')),
    ),
    rig.gates.length > 0
      ? `${l10n.t('Gates:')}\n\n${fenced(rig.gates.map((gate) => `${gate.name}: ${gate.command}`).join('\n'))}`
      : l10n.t('No gates'),
  ]);
}
