import * as vscode from 'vscode';
import { Disposable } from '../../../server/src/base/lifecycle';
import { l10n } from '../base/l10n';
import { oneLine } from '../base/text';
import type { BeadLists } from './beads/beadLists';
import { openAttention } from '../state/queries';
import type { TownStore } from '../state/townStore';
import type { TownConnection } from '../connection/townConnection';
import type { TownResolver } from '../connection/townResolver';
import { agentRows } from './agents/agentRows';
import { attentionRows } from './attention/attentionRows';
import { BeadDrag } from './beads/beadDrag';
import { beadRows, beadListTooltip } from './beads/beadRows';
import { convoyRows } from './convoys/convoyRows';
import type { Row } from '../ui/tree/row';
import { RowTree } from '../ui/tree/rowTree';
import { viewState, type ViewState } from './town/viewState';

/** The trees of the Gas Town container, what stands above them, and the context keys of welcomes and menus. */
export class Views extends Disposable {
  readonly convoys: RowTree;
  readonly beads: RowTree;
  readonly agents: RowTree;
  readonly attention: RowTree;
  private readonly drag = new BeadDrag();
  private readonly keys = new Map<string, unknown>();

  constructor(
    private readonly store: TownStore,
    private readonly board: BeadLists,
    private readonly connection: TownConnection,
    private readonly town: TownResolver,
  ) {
    super();
    this.convoys = this._register(
      new RowTree('gastown.convoys', store, convoyRows, { dragAndDropController: this.drag.target }),
    );
    this.beads = this._register(this.beadTree());
    this.agents = this._register(new RowTree('gastown.agents', store, agentRows));
    this.attention = this._register(new RowTree('gastown.attention', store, attentionRows));
    this._register(store.onDidChange(() => this.update()));
    this._register(connection.onDidChangeState(() => this.update()));
    this._register(town.onDidChange(() => this.update()));
    this._register(board.onDidChange(() => this.update()));
    this.update();
  }

  get state(): ViewState {
    return viewState(this.town.finding, this.connection.state, this.store.hasSnapshot);
  }

  private update(): void {
    const { state } = this;
    const town = this.store.town;
    this.setKey('gastown.state', state);
    this.setKey('gastown.engine', town === undefined ? 'none' : town.up ? 'up' : 'down');
    this.setKey('gastown.rigs', this.store.rigs.size);
    this.setKey('gastown.knownTowns', this.town.towns.length);
    this.setKey('gastown.beadGrouping', this.board.grouping);
    this.setKey('gastown.beadFilter', this.board.text !== '');
    const message = this.message(state);
    this.convoys.view.message = message;
    this.beads.view.description = this.board.text === '' ? '' : `“${oneLine(this.board.text, 40)}”`;
    this.beads.view.message = state === 'ready' ? this.beadMessage() : undefined;
    const count = openAttention(this.store).length;
    this.attention.view.badge =
      count === 0
        ? undefined
        : { value: count, tooltip: count === 1 ? l10n.t('1 thing needs you') : l10n.t('{0} things need you', count) };
  }

  private message(state: ViewState): string | undefined {
    if (state !== 'ready') return undefined;
    const connection = this.connection.state;
    if (connection.kind === 'lost')
      return l10n.t('The server does not answer ({0}). Trying again…', oneLine(connection.reason, 200));
    if (connection.kind === 'incompatible') return oneLine(connection.reason, 300);
    if (connection.kind === 'asleep')
      return l10n.t('Restricted Mode. The server of this town has ended: this is how it was.');
    if (!vscode.workspace.isTrusted) return l10n.t('Restricted Mode: you look on. Trust the folder to act.');
    const waiting = this.store.convoys.all().some((convoy) => convoy.status === 'open');
    if (waiting && this.store.town?.up === false) return l10n.t('The engine is paused: nothing new starts.');
    return undefined;
  }

  /** A tree without rows has a welcome, which does not know of filters and failures. */
  private beadMessage(): string | undefined {
    const { problem, text, lists } = this.board;
    if (problem !== undefined) return l10n.t('The beads cannot be listed: {0}', oneLine(problem, 200));
    return text !== '' && lists?.['']?.items.length === 0
      ? l10n.t('No bead matches “{0}”.', oneLine(text, 60))
      : undefined;
  }

  private beadTree(): RowTree {
    const { board } = this;
    const keyOf = (row: Row): string => (row.target.kind === 'bead' ? `epic:${row.target.id}` : row.target.id);
    const tree = new RowTree('gastown.beads', this.store, (store) => beadRows(store, board), {
      onDidChange: board.onDidChange,
      canSelectMany: true,
      dragAndDropController: this.drag.source,
      tooltip: (target) => {
        const bead = target.kind === 'bead' ? board.get(target.id) : undefined;
        return bead && beadListTooltip(bead);
      },
      onOpen: (row) => board.open(keyOf(row)),
      onClose: (row) => board.close(keyOf(row)),
    });
    this._register(tree.view.onDidChangeVisibility(({ visible }) => board.setVisible(visible)));
    board.setVisible(tree.view.visible);
    return tree;
  }

  private setKey(key: string, value: unknown): void {
    if (this.keys.get(key) === value) return;
    this.keys.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
