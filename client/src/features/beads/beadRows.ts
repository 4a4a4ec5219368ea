import type { BoardBead, BoardItem, BoardState } from '../../../../server/src/protocol/board';
import type { BeadPhase } from '../../../../server/src/protocol/town';
import { plural } from '../../../../server/src/base/text';
import { l10n } from '../../base/l10n';
import { escapeMarkdown, oneLine } from '../../base/text';
import type { BeadListsState } from './beadLists';
import { workerOf } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import { beadIcon, beadState, phaseIcon } from './beadText';
import type { Row, RowIcon } from '../../ui/tree/row';
import { whyText } from './whyNot';

/** The Beads tree: the lists that the server gave, as rows. Pure. */
export function beadRows(store: TownStore, board: BeadListsState): Row[] {
  if (board.lists) return rowsOf(store, board, '', '', []);
  return store.hasSnapshot ? [loadingRow('')] : [];
}

/** What stays closed until somebody asks for it. */
const closedByDefault: readonly BoardState[] = ['deferred', 'closed'];
/** So few epics are shown open. */
const FEW = 5;

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

/** @param above keys on the way here: a bead that is its own ancestor must not be drawn for ever */
function rowsOf(store: TownStore, board: BeadListsState, key: string, parent: string, above: readonly string[]): Row[] {
  const list = board.lists?.[key];
  if (!list) return [loadingRow(parent)];
  const few = list.items.filter((item) => item.kind === 'bead').length <= FEW;
  const rows = list.items.map((item) =>
    item.kind === 'group'
      ? groupRow(store, board, item, parent, above)
      : beadRow(store, board, item.bead, parent, above, few && key === ''),
  );
  return list.total > rows.length && list.items.some((item) => item.kind === 'bead')
    ? [...rows, moreRow(key, parent, rows.length, list.total)]
    : rows;
}

function groupRow(
  store: TownStore,
  board: BeadListsState,
  { key, count }: Extract<BoardItem, { kind: 'group' }>,
  parent: string,
  above: readonly string[],
): Row {
  const { label, icon, state } = groupLooks(key);
  const id = `${parent}/${key}`;
  const open = state ? !closedByDefault.includes(state) : true;
  return {
    id,
    label,
    description: String(count),
    icon,
    context: `group.${state ?? 'other'}`,
    aria: `${label}, ${plural(count, l10n.t('bead'), l10n.t('beads'))}`,
    open,
    target: { kind: 'group', id: key },
    children: count === 0 || above.includes(key) ? [] : rowsOf(store, board, key, id, [...above, key]),
  };
}

function groupLooks(key: string): { label: string; icon: RowIcon; state?: BoardState } {
  if (key === 'loose') return { label: l10n.t('Without an epic'), icon: { id: 'list-unordered' } };
  const rig = /^rig:([^/]+)$/.exec(key)?.[1];
  if (rig !== undefined)
    return rig === 'hq'
      ? { label: l10n.t('Town'), icon: { id: 'home' } }
      : { label: oneLine(rig, 60), icon: { id: 'repo' } };
  const state = key.replace(/^.*[:/]/, '') as BoardState;
  return { label: stateName(state), icon: phaseIcon(phases[state]), state };
}

function beadRow(
  store: TownStore,
  board: BeadListsState,
  bead: BoardBead,
  parent: string,
  above: readonly string[],
  open: boolean,
): Row {
  const title = oneLine(bead.title);
  const key = `epic:${bead.id}`;
  const id = `${parent}/bead:${bead.id}`;
  const says = [
    ...(bead.progress ? [`${bead.progress.done}/${bead.progress.total}`] : []),
    stateText(store, board, bead),
  ]
    .filter(Boolean)
    .join(' · ');
  const inTree = board.grouping === 'epic' && (bead.progress?.total ?? 0) > 0 && !above.includes(key);
  return {
    id,
    label: title,
    description: says,
    icon: iconOf(store, bead),
    context: [
      'bead',
      phases[bead.state],
      ...(isLive(store, bead) ? ['live'] : []),
      ...(bead.type === 'epic' ? ['epic'] : []),
    ].join('.'),
    aria: l10n.t('Bead {0}, {1}', title, says),
    open: open && bead.state !== 'closed',
    target: { kind: 'bead', id: bead.id },
    click: 'gastown.showBead',
    children: inTree ? rowsOf(store, board, key, id, [...above, key]) : [],
  };
}

/** Its group says the rest: a ready bead has its priority, any other the reason why it is where it is. */
function stateText(store: TownStore, board: BeadListsState, bead: BoardBead): string {
  const reasons = bead.why.map((reason) => whyText(reason)).join(', ');
  const known = store.beads.get(bead.id);
  switch (bead.state) {
    case 'ready': {
      const assignee = bead.assignee ? ` · ${oneLine(bead.assignee, 40)}` : '';
      return board.grouping === 'epic' ? `${l10n.t('ready')}${assignee}` : `P${bead.priority}${assignee}`;
    }
    case 'blocked':
    case 'deferred':
      return reasons || stateName(bead.state).toLowerCase();
    case 'closed':
      return known ? beadState(store, known) : l10n.t('closed');
    default:
      // A person's work is in no agent's hands; whose it is says more than its state.
      if (bead.state === 'in_progress' && bead.assignee && !(known && workerOf(store, known)))
        return l10n.t('{0} works on it', oneLine(bead.assignee, 40));
      return reasons || (known ? beadState(store, known) : stateName(bead.state).toLowerCase());
  }
}

function iconOf(store: TownStore, bead: BoardBead): RowIcon {
  const known = store.beads.get(bead.id);
  if (bead.type === 'epic') return { ...phaseIcon(phases[bead.state]), id: 'type-hierarchy' };
  return known && ['in_progress', 'in_review', 'closed'].includes(bead.state)
    ? beadIcon(store, known)
    : phaseIcon(phases[bead.state]);
}

function isLive(store: TownStore, bead: BoardBead): boolean {
  return store.agents.all().some((agent) => agent.bead === bead.id && agent.session !== undefined);
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
  const rest = l10n.t('{0} of {1}', shown, total);
  return {
    id: `${parent}/more`,
    label: l10n.t('Show more…'),
    description: rest,
    icon: { id: 'ellipsis' },
    context: 'more',
    aria: l10n.t('Show more beads, {0} are shown', rest),
    target: { kind: 'group', id: key },
    click: 'gastown.moreBeads',
    children: [],
  };
}

/** Markdown for the hover of a bead's row. */
export function beadListTooltip(bead: BoardBead): string {
  const say = (text: string, length = 120): string => escapeMarkdown(oneLine(text, length));
  return [
    `**${say(bead.title, 300)}**`,
    [say(bead.id), say(bead.type), `P${bead.priority}`, say(bead.ledger), say(bead.status)].join(' · '),
    ...(bead.progress ? [l10n.t('{0} of {1} parts done', bead.progress.done, bead.progress.total)] : []),
    ...(bead.assignee ? [l10n.t('Assigned to {0}', say(bead.assignee))] : []),
    ...bead.why.map((reason) => say(whyText(reason), 400)),
  ].join('\n\n');
}
