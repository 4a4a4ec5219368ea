import path from 'node:path';
import { messageOf, UserError } from '../../base/errors';
import { readTextIfPresent, writeJsonAtomic } from '../../base/safeFiles';
import { findLedger } from '../../beads/storage/locate';

/** An assistant, and the file with its rules. */
export interface Recipe {
  title: string;
  /** Relative to the folder of the command. */
  file: string;
  /** The whole file is ours; otherwise a section of it between marks. */
  ownFile?: boolean;
}

const builtIn: Readonly<Record<string, Recipe>> = {
  aider: { title: 'Aider', file: 'CONVENTIONS.md' },
  claude: { title: 'Claude Code', file: 'CLAUDE.md' },
  codex: { title: 'Codex', file: 'AGENTS.md' },
  cody: { title: 'Cody', file: '.cody/rules/beads.md', ownFile: true },
  copilot: { title: 'Copilot', file: '.github/copilot-instructions.md' },
  cursor: { title: 'Cursor', file: '.cursor/rules/beads.mdc', ownFile: true },
  factory: { title: 'Factory', file: 'AGENTS.md' },
  gemini: { title: 'Gemini', file: 'GEMINI.md' },
  junie: { title: 'Junie', file: '.junie/guidelines.md' },
  kilocode: { title: 'Kilo Code', file: '.kilocode/rules/beads.md', ownFile: true },
  mux: { title: 'Mux', file: 'AGENTS.md' },
  opencode: { title: 'OpenCode', file: 'AGENTS.md' },
  windsurf: { title: 'Windsurf', file: '.windsurf/rules/beads.md', ownFile: true },
};

/** Name of the file with recipes of the project, in its `.beads` folder: `{ "<name>": "<path>" }`. */
const FILE = 'recipes.json';
const NAME = /^[a-z0-9][a-z0-9_-]{0,40}$/;

/**
 * All assistants by name: the built-in ones, and those of the project. @throws UserError if the project's file is
 * invalid
 */
export function recipesIn(cwd: string): ReadonlyMap<string, Recipe> {
  const ledger = findLedger(cwd);
  return new Map([...Object.entries(builtIn), ...(ledger === undefined ? [] : customIn(path.join(ledger, FILE)))]);
}

/**
 * Adds an assistant of the project. Its file may have other content, so only a section of it is written.
 * @throws UserError for a name or a path that cannot be used, or if there is no ledger to store it in
 */
export function addRecipe(cwd: string, name: string, file: string): void {
  if (!NAME.test(name)) throw new UserError(`"${name}" is not a name`, 'Use small letters, digits, - and _.');
  if (Object.hasOwn(builtIn, name)) throw new UserError(`${name} is a built-in recipe`, 'Choose another name.');
  requireInside(file);
  const ledger = findLedger(cwd);
  if (ledger === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  const all = new Map(customIn(path.join(ledger, FILE))).set(name, { title: name, file });
  const paths = Object.fromEntries([...all].map(([key, recipe]) => [key, recipe.file]));
  writeJsonAtomic(path.join(ledger, FILE), paths);
}

function customIn(file: string): [string, Recipe][] {
  const text = readTextIfPresent(file);
  if (text === undefined) return [];
  return Object.entries(pathsIn(file, text)).map(([name, target]): [string, Recipe] => {
    if (!NAME.test(name) || typeof target !== 'string')
      throw new UserError(`${file}: ${JSON.stringify(name)} needs a path`, 'Correct or remove it.');
    requireInside(target);
    return [name, { title: name, file: target }];
  });
}

function pathsIn(file: string, text: string): Record<string, unknown> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file}: ${messageOf(error)}`, 'Correct or remove the file.');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new UserError(`${file}: it is not a JSON object`, 'Correct or remove the file.');
  return data as Record<string, unknown>;
}

/** The file of recipes may have come with a clone: it must not refer to a file outside of the folder. */
function requireInside(file: string): void {
  const plain = path.normalize(file);
  if (file === '' || path.isAbsolute(file) || plain.split(/[\\/]/)[0] === '..' || /^[\\/]|^[a-z]:/i.test(file))
    throw new UserError(`"${file}" is not a path inside the project`, 'Name a file below this folder.', 'refused');
}
