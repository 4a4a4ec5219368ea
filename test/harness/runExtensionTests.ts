// Runs mocha inside a real VS Code: a desktop one where there is one, else VS Code's server in Chromium.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'node:util';
import type { Page } from 'playwright-core';
import type { Log } from './cache';
import { launchChromium } from './chromium';
import { DRIVER_ENV } from './driverProtocol';
import { saveScreenshot, startDriverServer } from './driverServer';
import { runInDesktop } from './desktop';
import { RUN_MS, WAIT_MS } from './limits';
import { repoRoot, screenshotDir } from './paths';
import { createSandbox } from './sandbox';
import type { Sandbox } from './sandbox';
import { installVsix, startServer } from './serverProcess';
import { OUTPUT_MARK, RESULT_ENV, readTotals } from './testTotals';
import type { TestTotals } from './testTotals';
import { fetchVsCodeServer } from './vscodeServer';

export interface ExtensionTestOptions {
  /** The extension's folder, as a developer would open it with F5. */
  extensionDevelopmentPath: string;
  /** A built JavaScript file that exports run(). */
  extensionTestsPath: string;
  /** The folder or .code-workspace file to open; an empty temporary folder when left out. */
  workspace?: string;
  /** Added to the environment of VS Code, and so of the tests inside it. */
  env?: NodeJS.ProcessEnv;
  settings?: Record<string, unknown>;
  /** Packaged extensions to install first. */
  vsix?: readonly string[];
  timeoutMs?: number;
  /** Called when the page is open; it may drive the page while the tests run. */
  onPage?: (page: Page) => Promise<void>;
  /** Gets mocha's output; stdout by default. */
  output?: (text: string) => void;
  log?: Log;
}

export interface ExtensionTestResult {
  exitCode: 0 | 1;
  totals: TestTotals | undefined;
}

/** Desktop VS Code is the default wherever VS Code's server cannot be set up. */
export function wantsDesktop(): boolean {
  return (
    Boolean(process.env['VSCODE_EXECUTABLE_PATH']) ||
    process.env['GASTOWN_VSCODE'] === 'electron' ||
    process.platform !== 'linux'
  );
}

export async function runExtensionTests(options: ExtensionTestOptions): Promise<ExtensionTestResult> {
  for (const file of [options.extensionDevelopmentPath, options.extensionTestsPath]) {
    if (!existsSync(file)) throw new Error(`${file} does not exist; build it first (node esbuild.mjs --tests)`);
  }
  const sandbox = createSandbox();
  try {
    const resultFile = path.join(sandbox.root, 'totals.json');
    Object.assign(sandbox.env, { [RESULT_ENV]: resultFile, ...options.env });
    const exitCode = wantsDesktop() ? await runInDesktop(options, sandbox) : await runInBrowser(options, sandbox);
    const totals = readTotals(resultFile);
    // A host that exits with 0 without having run a test must not count as passed.
    return {
      exitCode: exitCode === 0 && totals !== undefined && totals.passed > 0 && totals.failed === 0 ? 0 : 1,
      totals,
    };
  } finally {
    sandbox.dispose();
  }
}

async function runInBrowser(options: ExtensionTestOptions, sandbox: Sandbox): Promise<number> {
  const log = options.log ?? (() => undefined);
  const server = await fetchVsCodeServer(log);
  const dataDir = path.join(sandbox.root, 'vscode');
  const logDir = path.join(repoRoot(), 'out', 'logs', 'extension-tests');
  mkdirSync(logDir, { recursive: true });
  const driver = await startDriverServer(screenshotDir());
  const closers: (() => Promise<unknown>)[] = [() => driver.dispose()];
  try {
    const browser = await launchChromium(sandbox.home, log);
    closers.unshift(() => browser.close());
    for (const vsix of options.vsix ?? []) await installVsix(server, dataDir, vsix, sandbox.env);
    const running = await startServer({
      server,
      dataDir,
      forTests: true,
      settings: options.settings,
      env: { ...sandbox.env, [DRIVER_ENV]: driver.url },
    });
    closers.splice(1, 0, () => running.dispose());
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(WAIT_MS);
    driver.attach(page);
    const { ended } = await observe(page, options, logDir);
    await page.goto(testUrl(running, options, sandbox));
    const driving = (options.onPage?.(page) ?? Promise.resolve()).then(() => new Promise<never>(() => undefined));
    const exitCode = await Promise.race([ended, driving]);
    if (exitCode !== 0 && !readTotals(sandbox.env[RESULT_ENV] ?? '')) {
      // run() itself failed, for example on a test file that does not load: only VS Code's messages say why.
      const errors = readFileSync(path.join(logDir, 'page.log'), 'utf8')
        .split('\n[')
        .filter((entry) => entry.startsWith('tests error]'));
      log(`the tests did not run:\n${errors.slice(-5).join('\n')}`);
    }
    if (exitCode !== 0) await saveScreenshot(page, screenshotDir(), 'extension-tests-failure').catch(() => undefined);
    writeFileSync(path.join(logDir, 'server.log'), readFileSync(running.logFile));
    return exitCode;
  } finally {
    for (const close of closers) await close().catch(() => undefined);
  }
}

function testUrl(
  running: { origin: string; authority: string },
  options: ExtensionTestOptions,
  sandbox: Sandbox,
): string {
  const workspace = path.resolve(options.workspace ?? sandbox.workspace);
  const remote = (file: string) => `vscode-remote://${running.authority}${path.resolve(file)}`;
  const payload = [
    ['extensionDevelopmentPath', remote(options.extensionDevelopmentPath)],
    ['extensionTestsPath', remote(options.extensionTestsPath)],
    ['skipWelcome', 'true'],
  ];
  const kind = workspace.endsWith('.code-workspace') ? 'workspace' : 'folder';
  return `${running.origin}/?${kind}=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

/** Hooks the two functions that VS Code calls in a test run; `ended` gives mocha's exit code. */
async function observe(page: Page, options: ExtensionTestOptions, logDir: string): Promise<{ ended: Promise<number> }> {
  const output = options.output ?? ((text: string) => void process.stdout.write(text));
  const timeoutMs = options.timeoutMs ?? RUN_MS;
  const consoleLines: string[] = [];
  const remember = (line: string) => {
    if (consoleLines.length < 5_000) consoleLines.push(line);
  };
  page.on('console', (message) => remember(`[${message.type()}] ${message.text()}`));
  page.on('pageerror', (error) => remember(`[page error] ${error.stack ?? error.message}`));
  let settle: (code: number) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const ended = new Promise<number>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  ended.catch(() => undefined);

  await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
    const text = format(...args);
    if (text.startsWith(OUTPUT_MARK)) output(`${text.slice(OUTPUT_MARK.length)}\n`);
    remember(`[tests ${type}] ${text}`);
  });
  await page.exposeFunction(
    'codeAutomationExit',
    (code: number, logs: { relativePath: string; contents: string }[]) => {
      for (const { relativePath, contents } of logs ?? []) saveLog(logDir, relativePath, contents);
      writeFileSync(path.join(logDir, 'page.log'), consoleLines.join('\n'));
      settle(code);
    },
  );
  page.on('crash', () => fail(new Error('the browser page that shows VS Code crashed')));
  page.on('close', () => fail(new Error('the browser page that shows VS Code was closed')));
  const timer = setTimeout(() => {
    void saveScreenshot(page, screenshotDir(), 'extension-tests-timeout')
      .catch(() => undefined)
      .then(() => {
        writeFileSync(path.join(logDir, 'page.log'), consoleLines.join('\n'));
        fail(
          new Error(
            `the tests inside VS Code did not end within ${timeoutMs / 1000} s; ` +
              `see ${logDir} and ${screenshotDir()}/extension-tests-timeout.png. Last lines:\n${consoleLines.slice(-15).join('\n')}`,
          ),
        );
      });
  }, timeoutMs);
  const clear = () => clearTimeout(timer);
  ended.then(clear, clear);
  return { ended }; // wrapped: an async function would wait for the promise itself
}

function saveLog(dir: string, relativePath: string, contents: string): void {
  const file = path.resolve(dir, relativePath.replace(/^[/\\]+/, ''));
  if (!file.startsWith(dir + path.sep)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, contents);
}
