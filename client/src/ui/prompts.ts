import * as vscode from 'vscode';
import { Cancelled } from './errors';
import { l10n } from '../base/editor';

export interface Choice<T> extends vscode.QuickPickItem {
  value: T;
}

/** Asks for one line. @throws Cancelled */
export async function askText(options: vscode.InputBoxOptions): Promise<string> {
  const text = await vscode.window.showInputBox({ ignoreFocusOut: true, ...options });
  if (text === undefined) throw new Cancelled();
  return text.trim();
}

/** Asks for one of several choices. @throws Cancelled */
export async function askChoice<T>(
  choices: readonly Choice<T>[] | Promise<readonly Choice<T>[]>,
  options: vscode.QuickPickOptions,
): Promise<T> {
  const choice = await vscode.window.showQuickPick(choices, {
    ignoreFocusOut: true,
    matchOnDescription: true,
    matchOnDetail: true,
    ...options,
  });
  if (!choice) throw new Cancelled();
  return choice.value;
}

/** Asks for any number of choices. @throws Cancelled */
export async function askChoices<T>(choices: readonly Choice<T>[], options: vscode.QuickPickOptions): Promise<T[]> {
  const chosen = await vscode.window.showQuickPick(choices, {
    ignoreFocusOut: true,
    matchOnDescription: true,
    matchOnDetail: true,
    ...options,
    canPickMany: true,
  });
  if (!chosen) throw new Cancelled();
  return chosen.map((choice) => choice.value);
}

/** An input validator that refuses empty text with this message. */
export function required(message: string): (value: string) => string | undefined {
  return (value) => (value.trim() === '' ? message : undefined);
}

/** The text of an input box, and whether the user wants to continue in an editor. */
export interface TextInput {
  text: string;
  inEditor: boolean;
}

/**
 * Accepts the open box to continue in an editor: buttons of a VS Code input box have no keyboard shortcuts, so Ctrl+E
 * runs this.
 */
let pressEditButton: (() => void) | undefined;

export function continueInEditor(): void {
  pressEditButton?.();
}

function offerEditor(press: (() => void) | undefined): void {
  pressEditButton = press;
  void setKey('gastown.editorOffered', press !== undefined);
}

function setKey(key: string, value: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand('setContext', key, value);
}

/** Asks for a line of text, with a button to continue in an editor. @throws Cancelled */
export async function askTextOrEditor(options: {
  title: string;
  prompt: string;
  value?: string;
  onDidChange?: (text: string) => void;
}): Promise<TextInput> {
  return new Promise((resolve, reject) => {
    const box = vscode.window.createInputBox();
    const edit: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon('edit'),
      tooltip: l10n.t('Write in an editor (Ctrl+E)'),
    };
    let result: TextInput | undefined;
    const accept = (inEditor: boolean): void => {
      result = { text: inEditor ? box.value : box.value.trim(), inEditor };
      box.hide();
    };
    const press = (): void => accept(true);
    box.title = options.title;
    box.prompt = options.prompt;
    box.value = options.value ?? '';
    // VS Code would select everything, and the next key would replace the earlier text.
    box.valueSelection = [box.value.length, box.value.length];
    box.ignoreFocusOut = true;
    box.buttons = [edit];
    box.onDidChangeValue((text) => options.onDidChange?.(text));
    box.onDidTriggerButton(() => press());
    box.onDidAccept(() => accept(false));
    box.onDidHide(() => {
      if (pressEditButton === press) offerEditor(undefined);
      box.dispose();
      if (result) resolve(result);
      else reject(new Cancelled());
    });
    offerEditor(press);
    box.show();
  });
}
