import fs from 'node:fs';
import path from 'node:path';
import { tempDir } from './temp';

/** Calls that change the disk, or start a program that may. */
const FILE_CALLS = [
  'writeFileSync',
  'mkdirSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'unlinkSync',
  'truncateSync',
  'fsyncSync',
  'appendFileSync',
  'writeSync',
];

/**
 * A module for `node --require`: kills the process, without warning, before the step whose number stands in the file that
 * `KILL_AT` names. Steps are counted from when the file is there. The second line of the file may name another process
 * that dies first.
 */
const PROGRAM = `
const fs = require('node:fs');
const processes = require('node:child_process');
const { existsSync, readFileSync } = fs;
const file = process.env.KILL_AT;
let steps = 0;
function step() {
  if (!existsSync(file)) return;
  const [at, other] = readFileSync(file, 'utf8').split('\\n');
  steps += 1;
  if (steps !== Number(at)) return;
  if (other) try { process.kill(Number(other), 'SIGKILL'); } catch {}
  process.kill(process.pid, 'SIGKILL');
}
for (const [module, names] of [[fs, ${JSON.stringify(FILE_CALLS)}], [processes, ['spawn', 'spawnSync']]])
  for (const name of names) {
    const real = module[name];
    module[name] = function (...given) {
      step();
      return real.apply(this, given);
    };
  }
`;

/** Where processes of a test die. */
export class KillAtStep {
  private readonly folder = tempDir('kill');
  private readonly file = path.join(this.folder, 'at');
  readonly module = path.join(this.folder, 'kill.cjs');
  readonly env = { KILL_AT: this.file };

  constructor() {
    fs.writeFileSync(this.module, PROGRAM);
  }

  /** @param other a process that dies with it, such as a client that would try again */
  arm(step: number, other?: number): void {
    const ready = `${this.file}.new`;
    fs.writeFileSync(ready, `${step}\n${other ?? ''}`);
    fs.renameSync(ready, this.file);
  }

  disarm(): void {
    fs.rmSync(this.file, { force: true });
  }
}
