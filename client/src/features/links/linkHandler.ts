import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import { whenReady } from '../../state/whenReady';
import type { Services } from '../../ui/command';
import { showError } from '../../ui/errors';
import { readLink, type LinkTarget } from './townLink';

/** Opens what a `vscode://gastown.gastown-vscode/…` link names, in the window that VS Code gives it to. */
export class LinkHandler implements vscode.UriHandler {
  constructor(private readonly services: Pick<Services, 'connection' | 'store' | 'town' | 'views' | 'log'>) {}

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      const target = readLink(uri.path);
      if (!target)
        throw new UserError(
          l10n.t('this link names nothing that Gas Town can open: {0}', oneLine(uri.path, 200)),
          l10n.t('links end in /bead/<id>, /convoy/<id>, /agent/<address>, /review/<id> or /attention/<id>'),
        );
      await whenReady(this.services);
      await this.open(target);
    } catch (error) {
      void showError(error, this.services.log);
    }
  }

  private async open({ kind, id }: LinkTarget): Promise<void> {
    const { store, views } = this.services;
    const missing = (): UserError =>
      new UserError(
        l10n.t('the town of this window has no {0} {1}', kind, id),
        l10n.t('open a window of the town that the link is about'),
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
        // Not opened: that may move a checkout, or mark a mail as read.
        if (!(await views.attention.reveal(`attention:${id}`))) throw missing();
        return;
      case 'convoy':
        if (!(await views.convoys.reveal(`convoy:${id}`))) throw missing();
    }
  }
}
