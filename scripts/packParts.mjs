import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const loader = fileURLToPath(new URL('cliLoader.cjs', import.meta.url));

/**
 * What agents call all day, and what every command needs: together they are one file, because opening a file costs more
 * than reading it.
 */
const hot =
  /^server\/src\/(?:cli\/(?:gt|bd)\/(?:main|program|show|list|ready|create|update|close|comment|dep|status|sling|prime|hook|done|handoff|mail|mol)|protocol\/transport\/commandClient)\.ts$/;

/** Takes a cold command longer to load than everything else together; no lint rule sees every way by which it could get in. */
const tooSlow = /node_modules\/zod\//;

/**
 * Puts the parts that esbuild split a program into together again, except for those that only rare work needs.
 * A part in the pack is still evaluated only when it is asked for. The pack is a function that the loader calls: putting
 * one around it there would copy all of it at each start.
 * @param {Map<string, string>} parts CommonJS by file name
 * @param {import('esbuild').Metafile} metafile
 * @param {string} packName file name of the pack
 * @returns {Map<string, string>} what to write
 * @throws Error where a hot command would load a library that is too slow for it
 */
export function packParts(parts, metafile, packName) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output]));
  const packed = new Set();
  const take = (name) => {
    if (packed.has(name) || !parts.has(name)) return;
    packed.add(name);
    for (const { path: file, kind } of outputs.get(name).imports)
      if (kind === 'import-statement') take(path.basename(file));
  };
  for (const [name, output] of outputs) if (hot.test(output.entryPoint ?? '')) take(name);
  for (const name of packed) {
    const slow = Object.keys(outputs.get(name).inputs).find((file) => tooSlow.test(file));
    if (slow) throw new Error(`a hot command loads ${slow}: import what needs it only where it is needed`);
  }
  const isProgram = (name) => !name.startsWith('cli-');
  const files = new Map([...parts].filter(([name]) => !packed.has(name)));
  for (const [name, code] of files) files.set(name, sharing(code, packed));
  const pack = packOf([...packed].map((name) => [name, parts.get(name).replace(/^#!.*\n/, '')]));
  files.set(packName, pack);
  for (const name of packed) if (isProgram(name)) files.set(name, loaderOf(name, packName, pack));
  return files;
}

function loaderOf(name, packName, pack) {
  const hash = createHash('sha256').update(pack).digest('hex').slice(0, 16);
  return readFileSync(loader, 'utf8')
    .replace('PACK_NAME', packName)
    .replace('PROGRAM', path.basename(name, '.js'))
    .replace('PACK_HASH', hash)
    .replace('PART_NAME', `./${name}`);
}

/** A part outside of the pack takes its share of it from the running program, whose exports are the pack's: there must be one of each. */
function sharing(code, packed) {
  return code.replace(/\brequire\("\.\/([\w-]+\.js)"\)/g, (call, name) =>
    packed.has(name) ? `require.main.exports.part("./${name}")` : call,
  );
}

function packOf(parts) {
  const entries = parts.map(([name, code]) => `"./${name}"(require,module,exports){${code}\n}`);
  return `(function(exports,require,module,__filename,__dirname){"use strict";const parts={${entries.join(',\n')}};const made=new Map;
const part=name=>{const known=made.get(name);if(known)return known.exports;const make=parts[name];if(!make)return require(name);const module={exports:{}};made.set(name,module);make(part,module,module.exports);return module.exports};
exports.part=part;
})
`;
}
