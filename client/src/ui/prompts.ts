import * as vscode from 'vscode';
import { Cancelled } from './cancelled';
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

/** Asks for any number of several. @throws Cancelled */
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

/** Refuses empty lines. */
export function required(message: string): (value: string) => string | undefined {
  return (value) => (value.trim() === '' ? message : undefined);
}

/** What was written in an input box, and whether it is to go on in an editor. */
export interface TextInput {
  text: string;
  inEditor: boolean;
}

/** Ends the box that is open: VS Code lets no key reach the buttons of one, so that Ctrl+E stands in for the pencil. */
let pencil: (() => void) | undefined;

export function continueInEditor(): void {
  pencil?.();
}

function offerPencil(press: (() => void) | undefined): void {
  pencil = press;
  void setKey('gastown.pencil', press !== undefined);
}

function setKey(key: string, value: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand('setContext', key, value);
}

/** One line is often enough; more is written in an editor, where there is room for it. @throws Cancelled */
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
      tooltip: l10n.t('Write it in an editor (Ctrl+E)'),
    };
    let result: TextInput | undefined;
    const end = (inEditor: boolean): void => {
      result = { text: inEditor ? box.value : box.value.trim(), inEditor };
      box.hide();
    };
    const press = (): void => end(true);
    box.title = options.title;
    box.prompt = options.prompt;
    box.value = options.value ?? '';
    // VS Code would select it all, and the next key would take away what was written before.
    box.valueSelection = [box.value.length, box.value.length];
    box.ignoreFocusOut = true;
    box.buttons = [edit];
    box.onDidChangeValue((text) => options.onDidChange?.(text));
    box.onDidTriggerButton(() => press());
    box.onDidAccept(() => end(false));
    box.onDidHide(() => {
      if (pencil === press) offerPencil(undefined);
      box.dispose();
      if (result) resolve(result);
      else reject(new Cancelled());
    });
    offerPencil(press);
    box.show();
  });
}
