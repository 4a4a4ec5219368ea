import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownConnection } from '../../connection/townConnection';
import type { TownStore } from '../../state/townStore';
import { RowTree } from '../../ui/tree/rowTree';
import type { BeadDrag } from '../beads/beadDrag';
import { convoyRows, convoyRowTooltip } from './convoyRows';

/** The Convoys view: its tree, and the state of the town above it. */
export class ConvoysView extends Disposable {
  readonly tree: RowTree;

  constructor(
    private readonly store: TownStore,
    private readonly connection: TownConnection,
    drag: BeadDrag,
  ) {
    super();
    this.tree = this._register(
      new RowTree(
        'gastown.convoys',
        {
          rows: () => convoyRows(store),
          tooltip: (target) => convoyRowTooltip(store, target),
          onDidChange: (changed) => [store.onDidChange(changed)],
        },
        { dragAndDropController: drag.target },
      ),
    );
    this._register(store.onDidChange(() => this.update()));
    this._register(connection.onDidChangeState(() => this.update()));
    this._register(vscode.workspace.onDidGrantWorkspaceTrust(() => this.update()));
    this.update();
  }

  /** Selects a convoy; only shows the view if the convoy is not in it. */
  async revealConvoy(convoy: string | undefined): Promise<void> {
    if (convoy === undefined || !(await this.tree.reveal(`convoy:${convoy}`)))
      await vscode.commands.executeCommand('gastown.convoys.focus');
  }

  private update(): void {
    this.tree.view.message = this.store.hasSnapshot ? this.message() : undefined;
  }

  private message(): string | undefined {
    const { state } = this.connection;
    if (state.kind === 'lost')
      return l10n.t('The server does not answer ({0}). Trying again…', oneLine(state.reason, 200));
    if (state.kind === 'incompatible') return oneLine(state.reason, 300);
    if (state.kind === 'notRunning')
      return l10n.t('Restricted Mode. The server of this town has stopped: this is the last known state.');
    if (!vscode.workspace.isTrusted) return l10n.t('Restricted Mode: read-only. Trust the folder to make changes.');
    const isRunning = this.store.convoys.all().some((convoy) => convoy.status === 'open');
    return isRunning && this.store.town?.up === false ? l10n.t('The engine is paused: nothing new starts.') : undefined;
  }
}
