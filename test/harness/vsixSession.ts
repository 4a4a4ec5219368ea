// The packaged extension as a user has it: installed in VS Code, shown in a browser, driven by roles and keys.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { Log } from './cache';
import { launchChromium } from './chromium';
import { saveScreenshot } from './driverServer';
import { STARTUP_MS, WAIT_MS } from './limits';
import { repoRoot, screenshotDir } from './paths';
import { createSandbox } from './sandbox';
import type { Sandbox } from './sandbox';
import { installVsix, startServer, writeMachineSettings } from './serverProcess';
import { fetchVsCodeServer, vscodeVersion } from './vscodeServer';
import type { LaneName } from './vscodeServer';

export interface VsixSessionOptions {
  vsix: string;
  /** Which VS Code; the selected one when left out. */
  lane?: LaneName;
  /** Folders need the person's trust, as by default in VS Code. */
  asksForTrust?: boolean;
  /** The folder or .code-workspace file to open; an empty temporary folder when left out. */
  workspace?: string;
  env?: NodeJS.ProcessEnv;
  settings?: Record<string, unknown>;
  viewport?: { width: number; height: number };
  log?: Log;
}

export interface VsixSession {
  page: Page;
  lane: LaneName;
  sandbox: Sandbox;
  workspace: string;
  /** One more window of the same VS Code, in a page of its own. */
  openWindow(folder?: string): Promise<Page>;
  /** Changes settings while VS Code runs. */
  configure(settings: Record<string, unknown>): void;
  /** Reloads the page, as a user does: the extension host restarts, terminals survive. */
  reload(): Promise<void>;
  /** Writes out/screenshots/NAME-VERSION.png and returns its path. */
  screenshot(name: string, page?: Page): Promise<string>;
  dispose(): Promise<void>;
}

/** Every open page of all sessions, for screenshots when a test fails. */
const openPages = new Set<Page>();

/** Writes out/screenshots/NAME.png, with a number where there is more than one window. */
export async function showWindows(name: string): Promise<void> {
  for (const [index, page] of [...openPages].entries()) {
    await saveScreenshot(page, screenshotDir(), index === 0 ? name : `${name}-${index + 1}`).catch(() => undefined);
  }
}

export async function openVsixSession(options: VsixSessionOptions): Promise<VsixSession> {
  const log = options.log ?? (() => undefined);
  if (!existsSync(options.vsix)) throw new Error(`${options.vsix} does not exist; package the extension first`);
  const server = await fetchVsCodeServer(log, options.lane);
  const sandbox = createSandbox(options.env);
  const dataDir = path.join(sandbox.root, 'vscode');
  const closers: (() => Promise<unknown>)[] = [];
  const consoleLines: string[] = [];
  let disposed = false;
  const dispose = async () => {
    if (disposed) return;
    disposed = true;
    for (const close of closers.reverse()) await close().catch(() => undefined);
    sandbox.dispose();
  };
  try {
    await installVsix(server, dataDir, options.vsix, sandbox.env);
    const startSettings = { 'security.workspace.trust.enabled': options.asksForTrust === true, ...options.settings };
    const running = await startServer({
      server,
      dataDir,
      env: sandbox.env,
      forTests: false,
      settings: startSettings,
      asksForTrust: options.asksForTrust,
    });
    closers.push(() => running.dispose());
    closers.push(async () => saveLogs(consoleLines, running.logFile));
    const browser = await launchChromium(sandbox.home, log);
    closers.push(() => browser.close());
    const context = await browser.newContext({ viewport: options.viewport ?? { width: 1280, height: 800 } });
    const workspace = path.resolve(options.workspace ?? sandbox.workspace);
    const openWindow = async (folder = workspace) => {
      const opened = await context.newPage();
      opened.setDefaultTimeout(WAIT_MS);
      openPages.add(opened);
      opened.once('close', () => openPages.delete(opened));
      opened.on('console', (message) => {
        if (consoleLines.length < 5_000) consoleLines.push(`[${message.type()}] ${message.text()}`);
      });
      await opened.goto(
        `${running.origin}/?${folder.endsWith('.code-workspace') ? 'workspace' : 'folder'}=${encodeURIComponent(folder)}`,
      );
      await workbenchReady(opened);
      return opened;
    };
    const page = await openWindow();
    return {
      page,
      sandbox,
      workspace,
      dispose,
      openWindow,
      lane: server.lane,
      configure: (settings) => writeMachineSettings(dataDir, { ...startSettings, ...settings }),
      async reload() {
        await page.reload();
        await workbenchReady(page);
      },
      screenshot: (name, shown = page) =>
        saveScreenshot(shown, screenshotDir(), `${name}-${vscodeVersion(server.lane)}`),
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function workbenchReady(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: STARTUP_MS });
}

function saveLogs(consoleLines: readonly string[], serverLog: string): void {
  const dir = path.join(repoRoot(), 'out', 'logs', 'vsix-session');
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'page.log'), consoleLines.join('\n'));
  if (existsSync(serverLog)) writeFileSync(path.join(dir, 'server.log'), readFileSync(serverLog));
}
