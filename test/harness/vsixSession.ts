// The packaged extension as a user has it: installed in VS Code, shown in a browser, driven by roles and keys.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { Log } from './cache';
import { launchChromium } from './chromium';
import { saveScreenshot } from './driverServer';
import { repoRoot, screenshotDir } from './paths';
import { createSandbox } from './sandbox';
import type { Sandbox } from './sandbox';
import { installVsix, startServer } from './serverProcess';
import { fetchVsCodeServer } from './vscodeServer';

export interface VsixSessionOptions {
  vsix: string;
  /** The folder or .code-workspace file to open; an empty temporary folder when left out. */
  workspace?: string;
  env?: NodeJS.ProcessEnv;
  settings?: Record<string, unknown>;
  viewport?: { width: number; height: number };
  log?: Log;
}

export interface VsixSession {
  page: Page;
  sandbox: Sandbox;
  workspace: string;
  /** Loads the page again, as a user does: the extension host is a new one, terminals live on. */
  reload(): Promise<void>;
  /** Writes out/screenshots/NAME.png and returns its path. */
  screenshot(name: string): Promise<string>;
  dispose(): Promise<void>;
}

const WORKBENCH_MS = 60_000;

export async function openVsixSession(options: VsixSessionOptions): Promise<VsixSession> {
  const log = options.log ?? (() => undefined);
  if (!existsSync(options.vsix)) throw new Error(`${options.vsix} does not exist; package the extension first`);
  const server = await fetchVsCodeServer(log);
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
    const running = await startServer({ server, dataDir, env: sandbox.env, forTests: false, settings: options.settings });
    closers.push(() => running.dispose());
    closers.push(async () => saveLogs(consoleLines, running.logFile));
    const browser = await launchChromium(sandbox.home, log);
    closers.push(() => browser.close());
    const page = await browser.newPage({ viewport: options.viewport ?? { width: 1280, height: 800 } });
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => { if (consoleLines.length < 5_000) consoleLines.push(`[${message.type()}] ${message.text()}`); });
    const workspace = path.resolve(options.workspace ?? sandbox.workspace);
    const kind = workspace.endsWith('.code-workspace') ? 'workspace' : 'folder';
    await page.goto(`${running.origin}/?${kind}=${encodeURIComponent(workspace)}`);
    await workbenchReady(page);
    return {
      page, sandbox, workspace, dispose,
      async reload() {
        await page.reload();
        await workbenchReady(page);
      },
      screenshot: (name) => saveScreenshot(page, screenshotDir(), name),
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function workbenchReady(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: WORKBENCH_MS });
}

function saveLogs(consoleLines: readonly string[], serverLog: string): void {
  const dir = path.join(repoRoot(), 'out', 'logs', 'vsix-session');
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'page.log'), consoleLines.join('\n'));
  if (existsSync(serverLog)) writeFileSync(path.join(dir, 'server.log'), readFileSync(serverLog));
}
