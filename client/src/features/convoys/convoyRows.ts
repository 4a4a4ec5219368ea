import { plural } from '../../../../server/src/base/text';
import type { BeadInfo, ConvoyInfo, FeatureState } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine, oneLine, paragraphs, timeText } from '../../base/text';
import { beadsOf } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { Row, RowIcon, RowTarget } from '../../ui/tree/row';
import { beadIcon, beadState, beadTooltip } from '../beads/beadText';

/**
 * The Convoys tree: running convoys first, then staged ones, then beads without a convoy, then landed convoys. Pure.
 */
export function convoyRows(store: TownStore): Row[] {
  const all = store.convoys.all().sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id));
  const rows = [
    ...all.filter((convoy) => convoy.status === 'open'),
    ...all.filter((convoy) => convoy.status.startsWith('staged')),
  ].map((convoy) => convoyRow(store, convoy));
  const landed = all
    .filter((convoy) => convoy.status === 'closed')
    .sort((a, b) => (b.landedAt ?? '').localeCompare(a.landedAt ?? ''));
  const loose = store.beads
    .all()
    .filter((bead) => !bead.listedOnly && !bead.convoys.some((id) => store.convoys.get(id)));
  if (loose.length > 0)
    rows.push(
      groupRow(
        'loose',
        l10n.t('Not in a convoy'),
        loose.map((bead) => beadRow(store, bead, 'loose')),
        true,
      ),
    );
  // While nothing is running, the latest results are the most useful.
  if (landed.length > 0)
    rows.push(
      groupRow(
        'landed',
        l10n.t('Landed'),
        landed.map((convoy) => convoyRow(store, convoy)),
        rows.length === 0,
      ),
    );
  return rows;
}

function groupRow(id: 'loose' | 'landed', label: string, children: Row[], open: boolean): Row {
  const count =
    id === 'landed'
      ? plural(children.length, l10n.t('convoy'), l10n.t('convoys'))
      : plural(children.length, l10n.t('bead'), l10n.t('beads'));
  return {
    id,
    label,
    description: String(children.length),
    icon: { id: id === 'landed' ? 'archive' : 'list-unordered' },
    context: `group.${id}`,
    aria: `${label}, ${count}`,
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
  const flags = [
    convoy.status.startsWith('staged') ? 'staged' : convoy.status,
    ...(isUnlaunched(convoy) ? ['unlaunched'] : []),
    ...(convoy.paused ? ['paused'] : []),
    ...(failed > 0 ? ['failed'] : []),
  ];
  return {
    id: `convoy:${convoy.id}`,
    label: title,
    description: state.text ? `${progress} · ${state.text}` : progress,
    icon: state.icon,
    context: ['convoy', ...flags].join('.'),
    aria: l10n.t('Convoy {0}, {1} of {2}{3}', title, convoy.done, convoy.total, state.text ? `, ${state.text}` : ''),
    open: convoy.status !== 'closed',
    target: { kind: 'convoy', id: convoy.id },
    children: beads.map((bead) => beadRow(store, bead, convoy.id)),
  };
}

function convoyState(convoy: ConvoyInfo, failed: number): { text: string; icon: RowIcon } {
  switch (convoy.status) {
    case 'closed':
      if (convoy.cancelled !== undefined) return { text: l10n.t('closed'), icon: { id: 'circle-slash' } };
      return { text: l10n.t('landed'), icon: { id: 'pass-filled', color: 'testing.iconPassed' } };
    case 'staged_ready':
      return { text: l10n.t('staged'), icon: { id: 'circle-large-outline' } };
    case 'staged_warnings':
      return { text: l10n.t('staged, with warnings'), icon: { id: 'warning', color: 'list.warningForeground' } };
    case 'open':
      return openConvoyState(convoy, failed);
  }
}

function openConvoyState(convoy: ConvoyInfo, failed: number): { text: string; icon: RowIcon } {
  const texts = [
    ...(failed > 0 ? [l10n.t('{0} failed', failed)] : []),
    ...(convoy.paused ? [l10n.t('paused')] : []),
    ...(isUnlaunched(convoy) ? [l10n.t('not launched')] : []),
    ...landingTexts(convoy),
  ];
  const icon: RowIcon =
    failed > 0
      ? { id: 'warning', color: 'list.warningForeground' }
      : convoy.paused
        ? { id: 'debug-pause' }
        : isUnlaunched(convoy)
          ? { id: 'circle-large-outline' }
          : { id: 'rocket', color: 'charts.blue' };
  return { text: texts.join(', '), icon };
}

/** State of the landing of a convoy's feature branch, once all of its beads have landed on it. */
function landingTexts({ feature }: ConvoyInfo): string[] {
  const states = (feature?.rigs ?? []).map(({ state }) => state).filter((state) => state !== 'landed');
  return [...new Set(states)].filter((state) => state !== 'collecting').map(featureText);
}

function featureText(state: FeatureState): string {
  switch (state) {
    case 'collecting':
      return l10n.t('collecting its beads');
    case 'reviewing':
      return l10n.t('landing review');
    case 'queued':
      return l10n.t('waiting to land');
    case 'merging':
      return l10n.t('landing');
    case 'failed':
      return l10n.t('cannot land');
    case 'landed':
      return l10n.t('landed');
  }
}

/** Whether a convoy tracks its beads and is not launched. */
function isUnlaunched(convoy: ConvoyInfo): boolean {
  return convoy.status === 'open' && convoy.launchedAt === undefined;
}

function beadRow(store: TownStore, bead: BeadInfo, parent: string): Row {
  const title = oneLine(bead.title);
  const state = beadState(store, bead);
  const isTracked = (store.convoys.get(parent)?.status ?? 'closed') !== 'closed';
  const isLive = store.agents.all().some((agent) => agent.bead === bead.id && agent.session !== undefined);
  return {
    // A bead may be in several convoys.
    id: `bead:${parent}/${bead.id}`,
    label: title,
    description: state,
    icon: beadIcon(store, bead),
    context: ['bead', bead.phase, ...(isTracked ? ['tracked'] : []), ...(isLive ? ['live'] : [])].join('.'),
    aria: l10n.t('Bead {0}, {1}{2}', title, state, bead.problem ? `, ${oneLine(bead.problem)}` : ''),
    target: { kind: 'bead', id: bead.id },
    click: 'gastown.showBead',
    children: [],
  };
}

/** Markdown for the hover of a row. Pure. */
export function convoyRowTooltip(store: TownStore, { kind, id }: RowTarget): string | undefined {
  const convoy = kind === 'convoy' ? store.convoys.get(id) : undefined;
  if (convoy) return convoyTooltip(convoy);
  const bead = kind === 'bead' ? store.beads.get(id) : undefined;
  return bead && beadTooltip(store, bead);
}

function convoyTooltip(convoy: ConvoyInfo): string {
  return paragraphs([
    `**${escapeLine(convoy.title, 300)}**`,
    l10n.t('{0}: {1} of {2} beads closed', escapeLine(convoy.id), convoy.done, convoy.total),
    convoy.feature && l10n.t('Branch {0}', escapeLine(convoy.feature.branch)),
    ...(convoy.feature?.rigs ?? []).map(({ rig, state }) => `${escapeLine(rig)}: ${featureText(state)}`),
    convoy.launchedAt && l10n.t('Launched {0}', timeText(convoy.launchedAt)),
    convoy.landedAt &&
      (convoy.cancelled === undefined
        ? l10n.t('Landed {0}', timeText(convoy.landedAt))
        : l10n.t('Closed {0}: {1}', timeText(convoy.landedAt), escapeLine(convoy.cancelled, 300))),
  ]);
}
