/**
 * Turns a chunk of esbuild's (an ES module, not minified) into CommonJS.
 *
 * esbuild's own conversion keeps exports live and copies every property of a built-in module through getters, which
 * takes a command milliseconds. Chunks need neither: none imports itself in a circle, and no export changes later.
 * @param {string} code
 * @throws {Error} for a statement that has another form
 */
export function commonJs(code) {
  const converted = code
    .replace(/^import (\w+) from "([^"]+)";$/gm, (_, name, from) => `const ${name} = ${load(from)};`)
    .replace(/^import \* as (\w+) from "([^"]+)";$/gm, (_, name, from) => `const ${name} = ${load(from)};`)
    .replace(/^import (?:(\w+), )?\{([^}]*)\} from "([^"]+)";$/gm, (_, name, names, from) =>
      [
        ...(name ? [`const ${name} = ${load(from)};`] : []),
        `const {${names.replace(/ as /g, ': ')}} = ${load(from)};`,
      ].join(' '),
    )
    .replace(/^import "([^"]+)";$/gm, (_, from) => `${load(from)};`)
    .replace(
      /^export \{([^}]*)\};$/gm,
      (_, names) => `Object.assign(exports, {${names.replace(/(\w+) as (\w+)/g, '$2: $1')}});`,
    )
    .replace(/^export default (.*;)$/gm, 'exports.default = $1')
    // An `import()` would go through node's loader for ES modules.
    .replace(/\bimport\("([^"]+)"\)/g, (_, from) => `Promise.resolve().then(() => ${load(from)})`);
  const left = /^(?:import|export)\b.*$/m.exec(converted);
  if (left) throw new Error(`a statement of another form: ${left[0]}`);
  return converted;
}

function load(from) {
  return `require(${JSON.stringify(from)})`;
}
