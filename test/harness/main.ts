// node out/test/harness/main.js [--vsix [FILE]] [--extension DIR] [--workspace DIR] [--timeout SECONDS] [--fetch-only]
// Runs the tests of out/test/extension inside VS Code, against the checkout or a packaged extension.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findChromium } from './chromium';
import { repoRoot } from './paths';
import { runExtensionTests, wantsDesktop } from './runExtensionTests';
import { fetchVsCodeServer } from './vscodeServer';

const log = (line: string) => console.log(`[harness] ${line}`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      vsix: { type: 'boolean' },
      extension: { type: 'string' },
      workspace: { type: 'string' },
      timeout: { type: 'string' },
      'fetch-only': { type: 'boolean' },
    },
  });
  if (values['fetch-only']) {
    if (wantsDesktop()) return 0;
    await fetchVsCodeServer(log);
    log(`Chromium: ${await findChromium(log)}`);
    return 0;
  }
  const root = repoRoot();
  const vsix = values.vsix ? [positionals[0] ?? newestVsix(root)] : [];
  const stub = values.vsix ? createStubExtension() : undefined;
  const started = Date.now();
  try {
    const { exitCode, totals } = await runExtensionTests({
      // VS Code wants an extension under development for a test run; beside an installed one it is an empty one.
      extensionDevelopmentPath: stub ?? path.resolve(values.extension ?? root),
      extensionTestsPath: path.join(root, 'out', 'test', 'extension', 'index.js'),
      vsix,
      log,
      ...(values.workspace ? { workspace: values.workspace } : {}),
      ...(values.timeout ? { timeoutMs: Number(values.timeout) * 1000 } : {}),
    });
    log(`ended after ${((Date.now() - started) / 1000).toFixed(1)} s`);
    if (!totals) log('no test ran: VS Code ended before mocha reported');
    else console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
    return exitCode;
  } finally {
    if (stub) rmSync(stub, { recursive: true, force: true });
  }
}

function newestVsix(root: string): string {
  const files = readdirSync(root)
    .filter((name) => name.endsWith('.vsix') && name.includes(`-${process.platform}-${process.arch}-`))
    .map((name) => path.join(root, name));
  const newest = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (!newest) throw new Error(`--vsix names no file, and there is no .vsix in ${root}`);
  return newest;
}

function createStubExtension(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'gt-stub-'));
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    path.join(dir, 'package.json'),
    JSON.stringify({
      name: 'test-stub',
      publisher: 'gastown-test',
      version: '0.0.1',
      engines: { vscode: '^1.100.0' },
    }),
  );
  return dir;
}

// Without these, Ctrl+C would leave the server and the browser running: 'exit' handlers end them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
