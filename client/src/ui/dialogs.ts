import * as vscode from 'vscode';

export interface Question {
  message: string;
  detail?: string;
  actions: string[];
}

/** Modal questions. VS Code does not show them while extension tests run, so tests set `answer`. */
export class Dialogs {
  /** Set by tests only. */
  answer: ((question: Question) => string | undefined) | undefined;

  async confirm(message: string, detail: string | undefined, action: string): Promise<boolean> {
    return (await this.choose({ message, detail, actions: [action] })) === action;
  }

  /** The label of the chosen button; undefined if the user cancels. */
  async choose(question: Question): Promise<string | undefined> {
    if (this.answer) return this.answer(question);
    const { message, detail, actions } = question;
    return vscode.window.showWarningMessage(message, { modal: true, detail }, ...actions);
  }
}
