import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import type { TownStore } from '../../state/townStore';
import type { TownConnection } from '../../connection/townConnection';
import { statusSummary } from './statusBarSummary';

const linked = [
  'gastown.openTerminal',
  'gastown.openAttention',
  'gastown.startEngine',
  'gastown.pauseEngine',
  'gastown.restartServer',
  'gastown.openLog',
];

/** The item of Gas Town: the number of active agents and of items that need attention. A click lists both. */
export class StatusBar extends Disposable {
  private readonly item: vscode.StatusBarItem;

  constructor(
    private readonly store: TownStore,
    private readonly connection: TownConnection,
  ) {
    super();
    this.item = this._register(vscode.window.createStatusBarItem('gastown.status', vscode.StatusBarAlignment.Left, 20));
    this.item.name = 'Gas Town';
    this.item.command = 'gastown.showOverview';
    this._register(store.onDidChange(() => this.update()));
    this._register(connection.onDidChangeState(() => this.update()));
    this.update();
  }

  private update(): void {
    const summary = statusSummary(this.store, this.connection.state, vscode.workspace.isTrusted);
    if (!summary) {
      this.item.hide();
      return;
    }
    this.item.text = summary.text;
    this.item.accessibilityInformation = { label: summary.aria, role: 'button' };
    const tooltip = new vscode.MarkdownString(summary.tooltip, true);
    tooltip.isTrusted = { enabledCommands: linked };
    this.item.tooltip = tooltip;
    this.item.backgroundColor = summary.alarm ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.item.show();
  }
}
