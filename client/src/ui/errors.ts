import * as vscode from 'vscode';
import { UserError, messageOf, stackOf } from '../../../server/src/base/errors';
import { l10n } from '../base/editor';
import { oneLine } from '../base/text';

/** The user dismissed a question: the command ends without a message. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

/** Shows an error: with its hint if it has one, else with a button that opens the log. */
export async function showError(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (error instanceof Cancelled) return;
  if (error instanceof UserError) {
    log.warn(`${error.message}${error.hint ? ` (${error.hint})` : ''}`);
    void vscode.window.showErrorMessage([error.message, error.hint ?? ''].map(sentence).filter(Boolean).join(' '));
    return;
  }
  log.error(stackOf(error));
  const open = l10n.t('Open Log');
  const choice = await vscode.window.showErrorMessage(l10n.t('Gas Town: {0}', oneLine(messageOf(error), 400)), open);
  if (choice === open) log.show(true);
}

/** Turns an error into a sentence: errors are written as on a command line, without capital and full stop. */
function sentence(text: string): string {
  const line = oneLine(text, 400);
  return line === '' ? '' : `${line.charAt(0).toUpperCase()}${line.slice(1)}${/[.!?…]$/.test(line) ? '' : '.'}`;
}
