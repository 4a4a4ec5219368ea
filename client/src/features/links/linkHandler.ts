import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { showError } from '../../ui/errors';
import type { RowTree } from '../../ui/tree/rowTree';
import { readLink, type LinkTarget } from './townLink';

interface Services {
  store: TownStore;
  convoys: Pick<RowTree, 'reveal'>;
  attention: Pick<RowTree, 'reveal'>;
  /** Resolves when the town of this window can be used. */
  ready: () => Promise<void>;
  log: vscode.LogOutputChannel;
}

/** Opens the target of a `vscode://gastown.gastown-vscode/…` link, in the window that VS Code chooses. */
export class LinkHandler implements vscode.UriHandler {
  constructor(private readonly services: Services) {}

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      const target = readLink(uri.path);
      if (!target)
        throw new UserError(
          l10n.t('Gas Town cannot open this link: {0}', oneLine(uri.path, 200)),
          l10n.t('links end in /bead/<id>, /convoy/<id>, /agent/<address>, /review/<id> or /attention/<id>'),
        );
      await this.services.ready();
      await this.open(target);
    } catch (error) {
      void showError(error, this.services.log);
    }
  }

  private async open({ kind, id }: LinkTarget): Promise<void> {
    const { store, convoys, attention } = this.services;
    const missing = (): UserError =>
      new UserError(
        l10n.t('the town of this window has no {0} {1}', kind, id),
        l10n.t('open a window of the town that the link belongs to'),
        'not-found',
      );
    switch (kind) {
      case 'bead':
        return vscode.commands.executeCommand('gastown.showBead', { bead: id });
      case 'review':
        return vscode.commands.executeCommand('gastown.reviewChange', { bead: id });
      case 'agent':
        if (!store.agents.get(id)) throw missing();
        return vscode.commands.executeCommand('gastown.openTerminal', { agent: id });
      case 'attention':
        // Only selected: opening it could fast-forward a checkout, or mark a mail as read.
        if (!(await attention.reveal(`attention:${id}`))) throw missing();
        return;
      case 'convoy':
        if (!(await convoys.reveal(`convoy:${id}`))) throw missing();
    }
  }
}
