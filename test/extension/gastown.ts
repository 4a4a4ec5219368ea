// Shared by the tests in the extension host: the extension, a repository in the window, the palette.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../client/src/extension';
import type { Question } from '../../client/src/ui/dialogs';
import { driver, type Target } from '../harness/driverClient';
import { WAIT_MS } from '../harness/limits';

export async function gastown(): Promise<GasTownApi> {
  const extension = vscode.extensions.getExtension<GasTownApi>('gastown.gastown-vscode');
  assert.ok(extension, 'the extension is not installed');
  return extension.activate();
}

export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  assert.ok(folder, 'no folder is open');
  return folder;
}

export function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}

/** A repository with these files, committed. */
export function makeRepository(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  git(folder, 'init', '-q', '-b', 'main');
  git(folder, 'add', '-A');
  git(folder, 'commit', '-qm', 'A small project');
}

const POLL_MS = 50;
/** Time that a click has to take effect. */
const CLICK_MS = 5_000;

/** Polls until `look` finds something. @throws Error with the present `state` after the time limit */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  state: () => unknown = () => undefined,
): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${WAIT_MS} ms for ${what}; there is ${JSON.stringify(state())}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Clicks until `look` finds something: a row that is drawn anew in that moment takes no click. */
export async function clickUntil(what: string, target: Target, look: () => boolean | undefined): Promise<void> {
  await until(what, async () => {
    await driver.click(target);
    for (const deadline = Date.now() + CLICK_MS; Date.now() < deadline; ) {
      if (look()) return true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return false;
  });
}

/** Answers the modal dialogs, which VS Code does not show in a test. @returns the questions, as they come */
export function answerQuestions(
  api: GasTownApi,
  answer: (question: Question) => string | undefined = (question) => question.actions[0],
): Question[] {
  const asked: Question[] = [];
  api.dialogs.answer = (question) => {
    asked.push(question);
    return answer(question);
  };
  return asked;
}

const quickInput = { selector: '.quick-input-widget' };

/** Runs a command from the palette. */
export async function palette(command: string): Promise<void> {
  await driver.press('F1');
  await driver.waitFor({ selector: '.quick-input-widget .quick-input-box input' });
  await driver.type(command);
  // Enter runs the focused entry, which changes while the list is filtered.
  await driver.waitFor({ selector: `.quick-input-list .monaco-list-row.focused[aria-label^="${command}"]` });
  await driver.press('Enter');
}

/** Waits for the step of a command with this text, as its message or as the placeholder of its input. */
export async function step(text: string): Promise<void> {
  await driver.waitFor({
    selector: `.quick-input-widget :is(.quick-input-message:has-text("${text}"), input[placeholder*="${text}"])`,
  });
}

export async function answer(text: string): Promise<void> {
  await driver.type(text);
  await driver.press('Enter');
}

/** Chooses an entry of a quick pick by the start of its name. */
export async function choose(name: string): Promise<void> {
  await driver.click({ ...quickInput, role: 'option', namePattern: `(^|\\s)${escape(name)}` });
}

/** Checks an entry of a quick pick with checkboxes. */
export async function tick(name: string): Promise<void> {
  await driver.click({ ...quickInput, role: 'checkbox', namePattern: `(^|\\s)${escape(name)}` });
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
