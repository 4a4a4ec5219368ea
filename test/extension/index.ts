// Runs mocha inside VS Code's extension host; VS Code calls run() (both the desktop one and the server).
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { print } from '../harness/driverClient';
import { TEST_MS } from '../harness/limits';
import { RESULT_ENV } from '../harness/testTotals';
import type { TestTotals } from '../harness/testTotals';

export async function run(): Promise<void> {
  const { default: Mocha } = await import('mocha'); // an ES module: it cannot be required
  // The extension host does not let console.log be replaced; mocha's reporters print through this one.
  Object.assign(Mocha.reporters.Base, { consoleLog: print });
  const mocha = new Mocha({
    ui: 'bdd',
    reporter: 'spec',
    color: false,
    timeout: TEST_MS,
    forbidOnly: process.env['CI'] === 'true',
  });
  const grep = process.env['GT_TEST_GREP'];
  if (grep) mocha.grep(new RegExp(grep));
  const files = readdirSync(__dirname, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.test.js'))
    .sort();
  for (const file of files) mocha.addFile(path.join(__dirname, file));
  const totals: TestTotals = { passed: 0, failed: 0, skipped: 0 };
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', () => {
      totals.passed += 1;
    });
    runner.on('fail', () => {
      totals.failed += 1;
    });
    runner.on('pending', () => {
      totals.skipped += 1;
    });
  });
  const file = process.env[RESULT_ENV];
  if (file) writeFileSync(file, JSON.stringify(totals));
  if (totals.failed > 0)
    throw new Error(`${totals.failed} of ${totals.passed + totals.failed} tests inside VS Code failed`);
  if (totals.passed === 0) throw new Error(`no test ran inside VS Code (${files.length} files in ${__dirname})`);
}
