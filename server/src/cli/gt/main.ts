#!/usr/bin/env node
import fs from 'node:fs';
import { processTerminal } from '../shared/output';
import { runGt } from './program';

void runGt(process.argv.slice(2), {
  terminal: processTerminal(),
  cwd: process.cwd(),
  env: process.env,
  readStdin: () => fs.readFileSync(0, 'utf8'),
}).then((code) => {
  process.exitCode = code;
});
