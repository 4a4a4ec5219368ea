import * as vscode from 'vscode';
import type { AttentionInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { Dialogs } from '../../ui/dialogs';
import { messageOfItem } from '../attention/attentionCommands';
import type { ConvoysView } from '../convoys/convoysView';

/** Shows a plan of the Mayor, which is a staged convoy, with the choice to launch it. */
export async function openPlan(
  { dialogs, convoys }: { dialogs: Dialogs; convoys: ConvoysView },
  item: AttentionInfo,
): Promise<unknown> {
  const [open, launch] = [l10n.t('Open Convoy'), l10n.t('Launch')];
  const choice = await dialogs.choose({ ...messageOfItem(item), actions: [open, launch] });
  if (choice === launch) return vscode.commands.executeCommand('gastown.launchConvoy', { convoy: item.convoy });
  if (choice === open) await convoys.revealConvoy(item.convoy);
  return undefined;
}
