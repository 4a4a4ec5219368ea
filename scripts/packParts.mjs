import path from 'node:path';

/** Parts that nearly every command needs, or that are one command: together they are one file, because opening a file costs more than reading it. */
const hot = /^server\/src\/(?:cli\/(?:gt|bd)\/(?:main|commands\/\w+)|protocol\/transport\/connect)\.ts$/;

/**
 * Puts the parts that esbuild split a program into together again, except for those that only rare work needs.
 * A part in the pack is still evaluated only when it is asked for.
 * @param {Map<string, string>} parts CommonJS by file name
 * @param {import('esbuild').Metafile} metafile
 * @param {string} packName file name of the pack
 * @returns {Map<string, string>} what to write
 */
export function packParts(parts, metafile, packName) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output]));
  const packed = new Set();
  const take = (name) => {
    if (packed.has(name) || !parts.has(name)) return;
    packed.add(name);
    for (const { path: file, kind } of outputs.get(name).imports) if (kind === 'import-statement') take(path.basename(file));
  };
  for (const [name, output] of outputs) if (hot.test(output.entryPoint ?? '')) take(name);
  const isProgram = (name) => !name.startsWith('cli-');
  const files = new Map([...parts].filter(([name]) => !packed.has(name)));
  for (const [name, code] of files) files.set(name, sharing(code, packed, packName));
  files.set(packName, packOf([...packed].map((name) => [name, parts.get(name).replace(/^#!.*\n/, '')])));
  for (const name of packed) if (isProgram(name)) files.set(name, `#!/usr/bin/env node\nrequire('./${packName}').part('./${name}');\n`);
  return files;
}

/** A part outside of the pack takes its share of the pack from there: there must be one of each. */
function sharing(code, packed, packName) {
  return code.replace(/\brequire\("\.\/([\w-]+\.js)"\)/g, (call, name) => (packed.has(name) ? `require("./${packName}").part("./${name}")` : call));
}

function packOf(parts) {
  const entries = parts.map(([name, code]) => `"./${name}"(require,module,exports){${code}\n}`);
  return `"use strict";const parts={${entries.join(',\n')}};const made=new Map;
const part=name=>{const known=made.get(name);if(known)return known.exports;const make=parts[name];if(!make)return require(name);const module={exports:{}};made.set(name,module);make(part,module,module.exports);return module.exports};
exports.part=part;
`;
}
