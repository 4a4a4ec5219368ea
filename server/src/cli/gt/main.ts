#!/usr/bin/env node
import { processTerminal } from '../shared/output';
import { runGt } from './program';

void runGt(process.argv.slice(2), processTerminal()).then((code) => {
  // A command that ends well may have set another, such as that of the script that it ran.
  if (code !== 0) process.exitCode = code;
});
