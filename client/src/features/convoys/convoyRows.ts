import type { BeadInfo, ConvoyInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import { beadsOf } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import { beadIcon, beadState } from '../beads/beadText';
import type { Row, RowIcon } from '../../ui/tree/row';

/** The Convoys tree: what is under way first, then what is staged, then what has landed. Pure. */
export function convoyRows(store: TownStore): Row[] {
  const all = store.convoys.all().sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id));
  const rows = [
    ...all.filter((convoy) => convoy.status === 'open'),
    ...all.filter((convoy) => convoy.status.startsWith('staged')),
  ].map((convoy) => convoyRow(store, convoy));
  const landed = all
    .filter((convoy) => convoy.status === 'closed')
    .sort((a, b) => (b.landedAt ?? '').localeCompare(a.landedAt ?? ''));
  // Beads that were slung outside of any convoy that is shown.
  const loose = store.beads.all().filter((bead) => !bead.convoys.some((id) => store.convoys.get(id)));
  if (loose.length > 0)
    rows.push(
      group(
        'loose',
        l10n.t('Without a convoy'),
        loose.map((bead) => beadRow(store, bead, 'loose')),
        true,
      ),
    );
  // While nothing is under way, what landed last is what people want to see.
  if (landed.length > 0)
    rows.push(
      group(
        'landed',
        l10n.t('Landed'),
        landed.map((convoy) => convoyRow(store, convoy)),
        rows.length === 0,
      ),
    );
  return rows;
}

function group(id: string, label: string, children: Row[], open: boolean): Row {
  return {
    id,
    label,
    description: String(children.length),
    icon: { id: id === 'landed' ? 'archive' : 'list-unordered' },
    context: `group.${id}`,
    aria: l10n.t('{0}, {1} entries', label, children.length),
    open,
    target: { kind: 'group', id },
    children,
  };
}

function convoyRow(store: TownStore, convoy: ConvoyInfo): Row {
  const beads = beadsOf(store, convoy);
  const failed = beads.filter((bead) => bead.phase === 'failed').length;
  const state = convoyState(convoy, failed);
  const title = oneLine(convoy.title);
  const progress = `${convoy.done}/${convoy.total}`;
  const flags = [convoy.status.startsWith('staged') ? 'staged' : convoy.status, ...(failed > 0 ? ['failed'] : [])];
  return {
    id: `convoy:${convoy.id}`,
    label: title,
    description: state.word ? `${progress} · ${state.word}` : progress,
    icon: state.icon,
    context: ['convoy', ...flags].join('.'),
    aria: l10n.t('Convoy {0}, {1} of {2}{3}', title, convoy.done, convoy.total, state.word ? `, ${state.word}` : ''),
    open: convoy.status !== 'closed',
    target: { kind: 'convoy', id: convoy.id },
    children: beads.map((bead) => beadRow(store, bead, convoy.id)),
  };
}

function convoyState(convoy: ConvoyInfo, failed: number): { word: string; icon: RowIcon } {
  switch (convoy.status) {
    case 'closed':
      return { word: l10n.t('landed'), icon: { id: 'pass-filled', color: 'testing.iconPassed' } };
    case 'staged_ready':
      return { word: l10n.t('staged'), icon: { id: 'circle-large-outline' } };
    case 'staged_warnings':
      return { word: l10n.t('staged, with warnings'), icon: { id: 'warning', color: 'list.warningForeground' } };
    case 'open':
      if (failed > 0)
        return { word: l10n.t('{0} failed', failed), icon: { id: 'warning', color: 'list.warningForeground' } };
      return { word: '', icon: { id: 'rocket', color: 'charts.blue' } };
  }
}

function beadRow(store: TownStore, bead: BeadInfo, parent: string): Row {
  const title = oneLine(bead.title);
  const state = beadState(store, bead);
  const agent = store.agents.all().some((candidate) => candidate.bead === bead.id && candidate.session !== undefined);
  return {
    // A bead may ride in more than one convoy.
    id: `bead:${parent}/${bead.id}`,
    label: title,
    description: state,
    icon: beadIcon(store, bead),
    context: ['bead', bead.phase, ...(agent ? ['live'] : [])].join('.'),
    aria: l10n.t('Bead {0}, {1}{2}', title, state, bead.problem ? `, ${oneLine(bead.problem)}` : ''),
    target: { kind: 'bead', id: bead.id },
    click: 'gastown.showBead',
    children: [],
  };
}
