import fs from 'node:fs';
import path from 'node:path';

/** The recorded answers of the original, where they are present. */
export const corpus = path.resolve(process.env.GASTOWN_SHARED ?? '../shared', 'conformance/bd');

/** In place of `node:child_process` in the runner: bd is called in the main thread, everything else is started. */
const spawnShim = `
import { spawnSync as start } from 'node:child_process';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
const { port, signal } = workerData;
export function spawnSync(command, args, options) {
  if (!command.endsWith('/bd')) return start(command, args, options);
  Atomics.store(signal, 0, 0);
  port.postMessage({ args, cwd: options.cwd, env: options.env, input: options.input ?? '' });
  if (Atomics.wait(signal, 0, 0, 120_000) === 'timed-out') throw new Error('bd ' + args.join(' ') + ' does not end');
  return receiveMessageOnPort(port).message;
}
`;

const driver = `
import fs from 'node:fs';
import { workerData } from 'node:worker_threads';
import { loadScenarios, makeLab, runScenario } from './run.mjs';
const lab = makeLab(process.env.CONFORMANCE_BD);
const only = workerData.only ? workerData.only.split(',') : [];
for (const scenario of loadScenarios(undefined, only)) {
  const begun = Date.now();
  for (const record of runScenario(lab, scenario)) fs.appendFileSync(workerData.output, JSON.stringify(record) + '\\n');
  if (process.env.CONFORMANCE_VERBOSE) fs.writeSync(2, scenario.name + ' ' + (Date.now() - begun) + ' ms\\n');
}
fs.rmSync(lab.root, { recursive: true, force: true });
workerData.port.close();
`;

/** Makes a runner in this folder that calls bd in its parent thread. @returns its file */
export function makeRunner(folder: string): string {
  const text = fs.readFileSync(path.join(corpus, 'run.mjs'), 'utf8');
  const patched = text.replace(/(import \{ spawnSync \} from )'node:child_process'/, "$1'./spawn.mjs'");
  if (patched === text) throw new Error('the runner of the corpus starts bd in another way');
  fs.writeFileSync(path.join(folder, 'run.mjs'), patched);
  fs.writeFileSync(path.join(folder, 'spawn.mjs'), spawnShim);
  fs.writeFileSync(path.join(folder, 'drive.mjs'), driver);
  fs.symlinkSync(path.join(corpus, 'scenarios'), path.join(folder, 'scenarios'));
  return path.join(folder, 'drive.mjs');
}
