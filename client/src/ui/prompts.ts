import * as vscode from 'vscode';
import { Cancelled } from '../base/cancelled';

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
