// Shared by the tests of the packaged extension: the package, a project to open, the command line, the palette.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { WAIT_MS } from '../harness/limits';
import { repoRoot } from '../harness/paths';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import type { LaneName } from '../harness/vscodeServer';
import { waitUntil } from '../helpers/temp';
import { openWith } from './hands';

export function newestVsix(): string {
  const root = repoRoot();
  const platform = `-${process.platform}-${process.arch}-`;
  const files = readdirSync(root)
    .filter((name) => name.endsWith('.vsix') && name.includes(platform))
    .map((name) => path.join(root, name));
  const newest = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (!newest) throw new Error('there is no .vsix: run npm run package first');
  return newest;
}

/** A repository with a test. */
export function makeProject(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ name: 'toy', version: '1.0.0', scripts: { test: 'node --test' } }, null, 2),
    'sum.js': 'exports.sum = (a, b) => a + b;\n',
    'sum.test.js':
      "const { test } = require('node:test');\ntest('sum', () => require('node:assert').equal(require('./sum').sum(1, 2), 3));\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.invalid', ...args], { cwd: folder });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'A small project');
  return folder;
}

/** Runs `gt` or `bd` of this checkout as the person in the window. */
export function cli(program: 'gt' | 'bd', env: NodeJS.ProcessEnv, cwd: string, ...args: string[]): string {
  return execFileSync(process.execPath, [path.join(repoRoot(), 'dist', `${program}.js`), ...args], {
    cwd,
    env,
    encoding: 'utf8',
  }).trim();
}

export const script = (text: string): string => `\`\`\`sh\n${text}\n\`\`\`\n`;

/** A row of any tree by its accessible name. */
export function treeRow(page: Page, name: RegExp): Locator {
  return page.getByRole('treeitem', { name });
}

/**
 * Shows the views of Gas Town. A click on the icon of a view that is shown hides it, and a window that was reloaded restores what
 * was shown only after a moment: so it clicks only while the icon says that they are hidden.
 */
export async function openGasTown(page: Page): Promise<void> {
  const tab = page.getByRole('tab', { name: /^Gas Town/ });
  const title = page.locator('.part.sidebar .composite.title', { hasText: /Gas Town/i });
  await tab.waitFor();
  await waitUntil(
    'the views of Gas Town are shown',
    async () => {
      if (await title.isVisible()) return true;
      if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
      return title.waitFor({ timeout: 10_000 }).then(
        () => true,
        () => false,
      );
    },
    WAIT_MS,
  );
}

/** Whether VS Code has stored this text in the browser, where it keeps its state for a reload. */
export function isStored(page: Page, text: string): Promise<boolean> {
  return page.evaluate<boolean>(`(async () => {
    const request = (wanted) => new Promise((done, fail) => { wanted.onsuccess = () => done(wanted.result); wanted.onerror = () => fail(wanted.error); });
    for (const { name } of await indexedDB.databases()) {
      if (!name.startsWith('vscode-web-state-db')) continue;
      const database = await request(indexedDB.open(name));
      try {
        for (const store of database.objectStoreNames) {
          const values = await request(database.transaction(store).objectStore(store).getAll());
          if (values.some((value) => String(value).includes(${JSON.stringify(text)}))) return true;
        }
      } finally {
        database.close();
      }
    }
    return false;
  })()`);
}

export async function palette(page: Page, command: string): Promise<void> {
  const box = page.locator('.quick-input-widget .quick-input-box input');
  await box.waitFor({ state: 'hidden' }); // that of an earlier command may be closing
  await openWith(box, () => page.keyboard.press('F1'));
  await page.keyboard.type(command);
  await acceptEntry(page, command);
}

/** Runs the entry of a quick pick whose name begins like this. Enter runs the focused one, which changes while the list is filtered. */
async function acceptEntry(page: Page, name: string): Promise<void> {
  const row = `.quick-input-list .monaco-list-row`;
  await page.locator(`${row}[aria-label^="${name}"]`).first().waitFor();
  const focused = page.locator(`${row}.focused[aria-label^="${name}"]`);
  for (let press = 0; press < 20 && (await focused.count()) === 0; press++) await page.keyboard.press('ArrowDown');
  await focused.waitFor();
  await page.keyboard.press('Enter');
}

/** Opens a file of the folder by its name, as Ctrl+P does. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+p');
  await page.locator('.quick-input-widget .quick-input-box input').waitFor();
  await page.keyboard.type(name);
  await acceptEntry(page, name);
}

/** The process of an agent's live session. */
export function agentPid(town: string, name: string): number {
  const folder = path.join(town, '.runtime', 'sessions');
  const records = readdirSync(folder).map(
    (file) =>
      JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { name: string; pid?: number; exit?: unknown },
  );
  const pid = records.find((record) => record.name === name && record.exit === undefined)?.pid;
  if (pid === undefined) throw new Error(`${name} has no live session`);
  return pid;
}

/** The text of the active terminal; empty where there is none. */
export async function terminalText(page: Page): Promise<string> {
  const rows = page.locator('.terminal-wrapper.active .xterm-rows');
  const text = await rows.innerText({ timeout: 1_000 }).catch(() => '');
  return text.replaceAll('\u00a0', ' ');
}

export async function untilTerminal(page: Page, text: string): Promise<string> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const shown = await terminalText(page);
    if (shown.includes(text)) return shown;
    if (Date.now() > deadline) throw new Error(`the terminal never showed "${text}", but:\n${shown}`);
    await page.waitForTimeout(100);
  }
}

/** A window as in the pictures of the README, on a new project of this name. */
export function openForPictures(project: string, lane: LaneName): Promise<VsixSession> {
  return openVsixSession({
    lane,
    vsix: newestVsix(),
    workspace: makeProject(project),
    settings: {
      'workbench.colorTheme': 'Default Dark Modern',
      'window.zoomLevel': 0,
    },
  });
}

/** Creates a town for the open project with a click. @returns its folder */
export async function makeTown({ page, sandbox }: VsixSession, rig: string): Promise<string> {
  await openGasTown(page);
  await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).click();
  await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Allow' }).click();
  await treeRow(page, new RegExp(`^Rig ${rig}`)).waitFor();
  return path.join(sandbox.home, 'gt');
}
