import fs from 'node:fs';
import path from 'node:path';
import { runExtensionTests } from '../harness/runExtensionTests';
import { tempDir } from '../helpers/temp';
import type { Row } from './measure';
import { FIGURES_ENV, type Figures } from './vscodeFigures';

const subject = 'vscode';
const TASK_MS = 50;
const ACTIVATION_MS = 50;

/** In a real VS Code, fetched as for the tests. */
export async function vscode(): Promise<Row[]> {
  const file = path.join(tempDir('figures'), 'figures.json');
  await runExtensionTests({
    extensionDevelopmentPath: path.resolve('.'),
    extensionTestsPath: path.resolve('out/test/bench/inside/index.js'),
    env: { [FIGURES_ENV]: file },
    timeoutMs: 180_000,
    log: (line) => process.stderr.write(`  ${line}\n`),
  });
  const figures = JSON.parse(fs.readFileSync(file, 'utf8')) as Figures;
  return [
    {
      subject,
      what: 'activation',
      note: 'activate() itself',
      median: figures.activateMs,
      goal: { median: ACTIVATION_MS },
    },
    { subject, what: 'loading the bundle', note: 'before activation, once more', median: figures.loadMs },
    {
      subject,
      what: 'longest task of the extension host',
      note: 'delta of 1,000 changes',
      median: figures.longestTaskMs,
      goal: { median: TASK_MS },
    },
    { subject, what: 'the delta in the model', note: 'parsed, applied, listeners told', median: figures.applyMs },
  ];
}
