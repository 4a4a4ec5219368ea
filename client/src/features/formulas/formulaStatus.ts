import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import { l10n } from '../../base/editor';
import type { FormulaServer } from './formulaServer';
import { formulaSelector, statusText, type FormulaServing } from './formulaServing';

/** The language status item (`{}` in the status bar) of the formula in the active editor. */
export class FormulaStatus extends Disposable {
  private readonly item: vscode.LanguageStatusItem;

  constructor(private readonly server: FormulaServer) {
    super();
    this.item = this._register(vscode.languages.createLanguageStatusItem('gastown.formula', formulaSelector));
    this.item.name = l10n.t('Gas Town formulas');
    this.item.command = { command: 'gastown.showLanguageLog', title: l10n.t('Show Log') };
    this._register(server.onDidChange(() => this.update()));
    this._register(vscode.window.onDidChangeActiveTextEditor(() => this.update()));
    this._register(
      vscode.languages.onDidChangeDiagnostics((event) => {
        const shown = vscode.window.activeTextEditor?.document.uri.toString();
        if (event.uris.some((uri) => uri.toString() === shown)) this.update();
      }),
    );
    this.update();
  }

  /** The text of the item, for tests. */
  get text(): string {
    return this.item.text;
  }

  private update(): void {
    const { serving } = this.server;
    const counts = this.counts();
    this.item.busy = serving === 'starting';
    this.item.text = statusText(serving, counts);
    this.item.detail = this.detail(serving);
    this.item.severity =
      counts.errors > 0
        ? vscode.LanguageStatusSeverity.Error
        : counts.warnings > 0
          ? vscode.LanguageStatusSeverity.Warning
          : vscode.LanguageStatusSeverity.Information;
  }

  private detail(serving: FormulaServing): string {
    return serving === 'town'
      ? l10n.t('served by the town')
      : serving === 'standalone'
        ? l10n.t('served by this window')
        : '';
  }

  private counts(): { errors: number; warnings: number } {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || vscode.languages.match(formulaSelector, document) === 0) return { errors: 0, warnings: 0 };
    const ours = vscode.languages.getDiagnostics(document.uri).filter((diagnostic) => diagnostic.source === 'Gas Town');
    const count = (severity: vscode.DiagnosticSeverity): number =>
      ours.filter((diagnostic) => diagnostic.severity === severity).length;
    return { errors: count(vscode.DiagnosticSeverity.Error), warnings: count(vscode.DiagnosticSeverity.Warning) };
  }
}
