import * as vscode from 'vscode';
import { Cancelled } from '../base/cancelled';
import { l10n } from '../base/l10n';

export interface Choice<T> extends vscode.QuickPickItem {
  value: T;
}

/** Asks for one line. @throws Cancelled */
export async function askText(options: vscode.InputBoxOptions): Promise<string> {
  const text = await vscode.window.showInputBox({ ignoreFocusOut: true, ...options });
  if (text === undefined) throw new Cancelled();
  return text.trim();
}

/** Asks for one of several. @throws Cancelled */
export async function askChoice<T>(choices: readonly Choice<T>[] | Promise<readonly Choice<T>[]>, options: vscode.QuickPickOptions): Promise<T> {
  const choice = await vscode.window.showQuickPick(choices, { ignoreFocusOut: true, matchOnDescription: true, matchOnDetail: true, ...options });
  if (!choice) throw new Cancelled();
  return choice.value;
}

/** Asks for any number of several. @throws Cancelled */
export async function askChoices<T>(choices: readonly Choice<T>[], options: vscode.QuickPickOptions): Promise<T[]> {
  const chosen = await vscode.window.showQuickPick(choices, { ignoreFocusOut: true, matchOnDescription: true, matchOnDetail: true, ...options, canPickMany: true });
  if (!chosen) throw new Cancelled();
  return chosen.map((choice) => choice.value);
}

/** Refuses empty lines. */
export function required(message: string): (value: string) => string | undefined {
  return (value) => (value.trim() === '' ? message : undefined);
}

/** One line is often enough; more is written in an editor, where there is room for it. @throws Cancelled */
export async function askTextOrEditor(title: string, prompt: string): Promise<{ text?: string; editor?: boolean }> {
  return new Promise((resolve, reject) => {
    const box = vscode.window.createInputBox();
    const edit: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('edit'), tooltip: l10n.t('Write it in an editor') };
    let result: { text?: string; editor?: boolean } | undefined;
    box.title = title;
    box.prompt = prompt;
    box.ignoreFocusOut = true;
    box.buttons = [edit];
    box.onDidTriggerButton(() => {
      result = { text: box.value, editor: true };
      box.hide();
    });
    box.onDidAccept(() => {
      result = { text: box.value.trim() };
      box.hide();
    });
    box.onDidHide(() => {
      box.dispose();
      if (result) resolve(result);
      else reject(new Cancelled());
    });
    box.show();
  });
}
