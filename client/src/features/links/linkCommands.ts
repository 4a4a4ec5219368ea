import * as vscode from 'vscode';
import { l10n } from '../../base/editor';
import { noIcons } from '../../base/text';
import type { Commands } from '../../ui/command';
import { linkKinds, linkTo } from './townLink';

/** @param extensionId `publisher.name` */
export function linkCommands(extensionId: string): Commands<'gastown.copyId' | 'gastown.copyLink'> {
  return {
    'gastown.copyId': {
      requires: 'nothing',
      async run({ target }) {
        if (!target || target.kind === 'group' || target.kind === 'town') return undefined;
        return copy(target.id);
      },
    },
    'gastown.copyLink': {
      requires: 'nothing',
      async run({ target }) {
        const kind = linkKinds.find((known) => known === target?.kind);
        return target && kind ? copy(linkTo({ kind, id: target.id }, vscode.env.uriScheme, extensionId)) : undefined;
      },
    },
  };
}

async function copy(text: string): Promise<string> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(l10n.t('Copied {0}', noIcons(text)), 2_000);
  return text;
}
