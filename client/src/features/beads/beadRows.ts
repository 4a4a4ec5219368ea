import { plural } from '../../../../server/src/base/text';
import type { BoardState } from '../../../../server/src/protocol/board';
import type { BeadInfo, BeadPhase } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { capitalized, escapeLine, oneLine, paragraphs } from '../../base/text';
import { workerOf } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { Row, RowIcon } from '../../ui/tree/row';
import type { ShownItem } from './beadListWatch';
import type { BeadListsState } from './beadLists';
import { beadIcon, beadState, phaseIcon } from './beadText';
import { whyNotText } from './whyNot';

/** The Beads tree: the lists of the store as rows. Pure. */
export function beadRows(store: TownStore, lists: BeadListsState): Row[] {
  if (lists.lists) return new BeadRowBuilder(store, lists).rowsOf('', '', []);
  return store.hasSnapshot ? [loadingRow('')] : [];
}

/** Groups that are collapsed at first. */
const collapsedByDefault: readonly BoardState[] = ['deferred', 'closed'];
/** Maximum number of epics that are initially expanded. */
const FEW_EPICS = 5;

const phases: Record<BoardState, BeadPhase> = {
  ready: 'ready',
  blocked: 'waiting',
  in_progress: 'working',
  in_review: 'queued',
  failed: 'failed',
  deferred: 'deferred',
  closed: 'closed',
};

export function stateName(state: BoardState): string {
  switch (state) {
    case 'ready':
      return l10n.t('Ready');
    case 'blocked':
      return l10n.t('Blocked');
    case 'in_progress':
      return l10n.t('In progress');
    case 'in_review':
      return l10n.t('In review');
    case 'failed':
      return l10n.t('Failed');
    case 'deferred':
      return l10n.t('Deferred');
    case 'closed':
      return l10n.t('Closed');
  }
}

/**
 * Builds rows. `above` are the keys of the lists around a row: a bead that is its own ancestor must not recurse
 * forever.
 */
class BeadRowBuilder {
  constructor(
    private readonly store: TownStore,
    private readonly state: BeadListsState,
  ) {}

  rowsOf(key: string, parent: string, above: readonly string[]): Row[] {
    const list = this.state.lists?.[key];
    if (!list) return [loadingRow(parent)];
    const few = key === '' && list.items.filter((item) => item.kind === 'bead').length <= FEW_EPICS;
    const rows = list.items.map((item) =>
      item.kind === 'group' ? this.groupRow(item, parent, above) : this.beadRow(item.bead, parent, above, few),
    );
    const isPartial = list.total > rows.length && list.items.some((item) => item.kind === 'bead');
    return isPartial ? [...rows, moreRow(key, parent, rows.length, list.total)] : rows;
  }

  private groupRow(
    { key, count }: Extract<ShownItem, { kind: 'group' }>,
    parent: string,
    above: readonly string[],
  ): Row {
    const { label, icon, state } = groupAppearance(key);
    const id = `${parent}/${key}`;
    return {
      id,
      label,
      description: String(count),
      icon,
      context: `group.${state ?? 'other'}`,
      aria: `${label}, ${plural(count, l10n.t('bead'), l10n.t('beads'))}`,
      open: state ? !collapsedByDefault.includes(state) : true,
      target: { kind: 'group', id: key },
      children: count === 0 || above.includes(key) ? [] : this.rowsOf(key, id, [...above, key]),
    };
  }

  private beadRow(bead: BeadInfo, parent: string, above: readonly string[], open: boolean): Row {
    const title = oneLine(bead.title);
    const key = `epic:${bead.id}`;
    const id = `${parent}/bead:${bead.id}`;
    const progress = bead.progress ? [`${bead.progress.done}/${bead.progress.total}`] : [];
    const description = [...progress, this.stateText(bead)].filter(Boolean).join(' · ');
    const hasChildren = this.state.grouping === 'epic' && (bead.progress?.total ?? 0) > 0 && !above.includes(key);
    return {
      id,
      label: title,
      description,
      icon: this.icon(bead),
      context: [
        'bead',
        phases[bead.state],
        ...(this.isLive(bead) ? ['live'] : []),
        ...(bead.type === 'epic' ? ['epic'] : []),
      ].join('.'),
      aria: l10n.t('Bead {0}, {1}', title, description),
      open: open && bead.state !== 'closed',
      target: { kind: 'bead', id: bead.id },
      click: 'gastown.showBead',
      children: hasChildren ? this.rowsOf(key, id, [...above, key]) : [],
    };
  }

  /** The group shows the state: a ready bead shows its priority, others the reason for their state. */
  private stateText(bead: BeadInfo): string {
    const reasons = bead.why.map((reason) => whyNotText(reason)).join(', ');
    switch (bead.state) {
      case 'ready': {
        const assignee = bead.assignee ? ` · ${oneLine(bead.assignee, 40)}` : '';
        return this.state.grouping === 'epic' ? `${l10n.t('ready')}${assignee}` : `P${bead.priority}${assignee}`;
      }
      case 'blocked':
      case 'deferred':
        return reasons || stateName(bead.state).toLowerCase();
      case 'closed':
        return beadState(this.store, bead);
      default:
        // Assigned to a person: the name is more informative than the state.
        if (bead.state === 'in_progress' && bead.assignee && !workerOf(this.store, bead))
          return l10n.t('{0} is working', oneLine(bead.assignee, 40));
        return reasons || beadState(this.store, bead);
    }
  }

  private icon(bead: BeadInfo): RowIcon {
    if (bead.type === 'epic') return { ...phaseIcon(phases[bead.state]), id: 'type-hierarchy' };
    return ['in_progress', 'in_review', 'closed'].includes(bead.state)
      ? beadIcon(this.store, bead)
      : phaseIcon(phases[bead.state]);
  }

  private isLive(bead: BeadInfo): boolean {
    return this.store.agents.all().some((agent) => agent.bead === bead.id && agent.session !== undefined);
  }
}

function groupAppearance(key: string): { label: string; icon: RowIcon; state?: BoardState } {
  if (key === 'loose') return { label: l10n.t('No epic'), icon: { id: 'list-unordered' } };
  const rig = /^rig:([^/]+)$/.exec(key)?.[1];
  if (rig !== undefined)
    return rig === 'hq'
      ? { label: l10n.t('Town'), icon: { id: 'home' } }
      : { label: oneLine(rig, 60), icon: { id: 'repo' } };
  const state = key.replace(/^.*[:/]/, '') as BoardState;
  return { label: stateName(state), icon: phaseIcon(phases[state]), state };
}

function loadingRow(parent: string): Row {
  return {
    id: `${parent}/loading`,
    label: l10n.t('Loading…'),
    icon: { id: 'loading~spin' },
    context: 'loading',
    aria: l10n.t('Loading…'),
    target: { kind: 'group', id: 'loading' },
    children: [],
  };
}

function moreRow(key: string, parent: string, shown: number, total: number): Row {
  const part = l10n.t('{0} of {1}', shown, total);
  return {
    id: `${parent}/more`,
    label: l10n.t('Show more…'),
    description: part,
    icon: { id: 'ellipsis' },
    context: 'more',
    aria: l10n.t('Show more beads, {0} are shown', part),
    target: { kind: 'group', id: key },
    click: 'gastown.showMoreBeads',
    children: [],
  };
}

/** Markdown for the hover of a bead's row. */
export function beadListTooltip(bead: BeadInfo): string {
  const facts = [
    escapeLine(bead.id),
    escapeLine(bead.type),
    `P${bead.priority}`,
    escapeLine(bead.rig ?? ''),
    escapeLine(bead.status),
  ];
  return paragraphs([
    `**${escapeLine(bead.title, 300)}**`,
    facts.join(' · '),
    bead.progress && l10n.t('{0} of {1} children closed', bead.progress.done, bead.progress.total),
    bead.assignee && l10n.t('Assigned to {0}', escapeLine(bead.assignee)),
    ...bead.why.map((reason) => escapeLine(capitalized(whyNotText(reason)), 400)),
  ]);
}
