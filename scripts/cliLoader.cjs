#!/usr/bin/env node
// What dist/gt.js and dist/bd.js are (packParts.mjs fills in names): runs one part of the pack, compiled as the last run left it.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const file = path.join(__dirname, 'PACK_NAME');
// For exactly this command, pack, V8 and processor: V8 itself compares no more than the length of the source.
const command = process.argv.slice(2).find((word) => /^[a-z]+$/.test(word)) ?? 'none';
const cache = path.join(__dirname, '.cache', `PROGRAM-${command}-PACK_HASH-${process.versions.v8}-${process.arch}`);
// V8 takes no code that was compiled with other flags, and runs with and without them would write it in turns.
const hasFlags = process.execArgv.length > 0 || Boolean(process.env.NODE_OPTIONS);

function read() {
  if (hasFlags) return undefined;
  try {
    return fs.readFileSync(cache);
  } catch {
    return undefined;
  }
}

/** Where the folder cannot be written (a shared installation), every run compiles for itself. */
function write(script) {
  const temporary = `${cache}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(cache), { recursive: true });
    fs.writeFileSync(temporary, '');
    fs.writeFileSync(temporary, script.createCachedData());
    fs.renameSync(temporary, cache);
  } catch {
    fs.rmSync(temporary, { force: true });
  }
}

const cachedData = read();
const script = new vm.Script(fs.readFileSync(file, 'latin1'), { filename: file, cachedData });
// After the command, so that it holds what a command uses.
if (!hasFlags && (!cachedData || script.cachedDataRejected)) process.once('exit', () => write(script));
script.runInThisContext()(module.exports, require, module, file, __dirname);
module.exports.part('PART_NAME');
