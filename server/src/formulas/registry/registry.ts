import fs from 'node:fs';
import path from 'node:path';
import { readPlainFile } from '../../base/atomicFile';
import { UserError, messageOf } from '../../base/errors';
import { builtInFormulas } from '../built-in/builtIn';
import { cook, type CookOptions, type Proto } from '../cook/cook';
import { closestMatch } from '../../base/text';
import { error as failure, warning, type Formula, type Problem } from '../model';
import { parseFormula, type Format, type Parsed } from '../load/parse';
import { checkFormula, throwIfInvalid, resolve, type FoundFormula } from '../compose/parents';

/** Where formulas lie. The first place that has a name wins. */
export interface Tier {
  tier: 'project' | 'user' | 'town';
  directory: string;
}

/** How files are read; tests bring their own. */
export interface FormulaFiles {
  /** Names in a folder; none where there is no folder. */
  list(directory: string): string[];
  read(file: string): string | undefined;
}

const endings: readonly [ending: string, format: Format][] = [
  ['.formula.toml', 'toml'],
  ['.formula.json', 'json'],
];
const safeName = /^[A-Za-z0-9][\w.-]{0,99}$/;

export interface FormulaEntry {
  name: string;
  tier: Tier['tier'] | 'built-in';
  source: string;
  /** Undefined where the text is no formula. */
  formula?: Formula;
  problems: Problem[];
}

/** The text of a formula and where it comes from. */
interface Text {
  text: string;
  format: Format;
  source: string;
  tier: FormulaEntry['tier'];
}

/** Texts by their source, with what was read. */
export type ParseCache = Map<string, { text: string; parsed: Parsed }>;

/** The formulas that can be named at one place: those of the project, the person, the town, and the built-in ones. */
export class FormulaRegistry {
  /** @param parsed what was read before, for those who look again and again */
  constructor(
    private readonly tiers: readonly Tier[],
    private readonly files: FormulaFiles = diskFiles,
    private readonly parsed: ParseCache = new Map(),
  ) {}

  /** Every name once, from the place that wins. Those that cannot be used are there with what is wrong. */
  list(): FormulaEntry[] {
    return this.names().map((name) => this.check(name));
  }

  /** The same without a look at their texts. */
  names(): string[] {
    const names = new Set(Object.keys(builtInFormulas));
    for (const { directory } of this.tiers) {
      for (const file of this.files.list(directory)) {
        const ending = endings.find(([text]) => file.endsWith(text))?.[0];
        const name = ending && file.slice(0, -ending.length);
        if (name && safeName.test(name)) names.add(name);
      }
    }
    return [...names].sort();
  }

  /** One formula with everything that is wrong with it. @throws UserError where there is none */
  check(name: string): FormulaEntry {
    return this.checkText(name, this.text(name));
  }

  private checkText(name: string, text: Text): FormulaEntry {
    const { formula, problems } = this.parse(text);
    const base = { name, tier: text.tier, source: text.source };
    if (!formula) return { ...base, problems };
    try {
      return {
        ...base,
        ...checkFormula(
          { formula, problems: [...problems, ...fileNameProblems(name, formula)], source: text.source },
          this.find,
        ),
      };
    } catch (error) {
      return { ...base, formula, problems: [...problems, failure('extends', '', messageOf(error), ['extends'])] };
    }
  }

  /** The data of a formula as it stands in its file. */
  raw(name: string): Record<string, unknown> {
    const text = this.text(name);
    const { raw, problems } = this.parse(text);
    if (!raw) throwIfInvalid(text.source, problems);
    return raw ?? {};
  }

  /** Name → proto. @throws UserError with everything that is in the way */
  cook(name: string, options: CookOptions): { proto: Proto; warnings: string[] } {
    return this.cookFound(this.find(name), options);
  }

  /** The same for a text that is not in the library; what it names is looked for there. */
  cookText(text: string, source: string, options: CookOptions): { proto: Proto; warnings: string[] } {
    return this.cookFound(
      this.load({ text, source, format: source.endsWith('.json') ? 'json' : 'toml', tier: 'project' }),
      options,
    );
  }

  private cookFound(found: FoundFormula, options: CookOptions): { proto: Proto; warnings: string[] } {
    const { formula, warnings } = resolve(found, this.find);
    const load = (name: string): Formula => resolve(this.find(name), this.find).formula;
    return { proto: cook(formula, load, options), warnings };
  }

  /** A formula as its text says it, without its parents. @throws UserError where there is none, or its text is none */
  readonly find = (name: string): FoundFormula => this.load(this.text(name));

  private load(text: Text): FoundFormula {
    const { formula, problems } = this.parse(text);
    if (!formula) throwIfInvalid(text.source, problems);
    return { formula: formula!, problems, source: text.source };
  }

  private parse(text: Text): Parsed {
    const known = this.parsed.get(text.source);
    if (known?.text === text.text) return known.parsed;
    const parsed = parseFormula(text.text, text.format);
    this.parsed.set(text.source, { text: text.text, parsed });
    return parsed;
  }

  private text(name: string): Text {
    if (!safeName.test(name))
      throw new UserError(
        `invalid formula name: ${JSON.stringify(name)}`,
        'A name holds letters, digits, dots, hyphens and underscores; write ./ before a file.',
      );
    for (const { tier, directory } of this.tiers) {
      for (const [ending, format] of endings) {
        const source = path.join(directory, `${name}${ending}`);
        const text = this.files.read(source);
        if (text !== undefined) return { text, format, source, tier };
      }
    }
    const text = Object.hasOwn(builtInFormulas, name) ? builtInFormulas[name] : undefined;
    if (text !== undefined) return { text, format: 'toml', source: `built-in formula ${name}`, tier: 'built-in' };
    throw this.unknown(name);
  }

  private unknown(name: string): UserError {
    const known = [
      ...new Set([
        ...this.tiers.flatMap(({ directory }) =>
          this.files.list(directory).map((file) => file.replace(/\.formula\.(?:toml|json)$/, '')),
        ),
        ...Object.keys(builtInFormulas),
      ]),
    ];
    const near = closestMatch(name, known);
    const looked = this.tiers.map(({ directory }) => directory).join(', ');
    return new UserError(
      `formula ${JSON.stringify(name)} not found`,
      `${near ? `Did you mean ${near}? ` : ''}"bd formula list" shows what there is. Looked in ${looked ? `${looked} and ` : ''}the built-in ones.`,
      'not-found',
    );
  }
}

/** The name of the file is what it is found by: another one inside would confuse. */
function fileNameProblems(name: string, formula: Formula): Problem[] {
  if (formula.name === '' || formula.name === name) return [];
  return [
    warning(
      'file-name',
      'formula',
      `the file is named ${name}, the formula ${formula.name}; it is found by the file's name`,
      ['formula'],
    ),
  ];
}

export interface FormulaPlaces {
  /** The `.beads` folder of the ledger that is meant. */
  ledger: string;
  /** Where the caller is: the checkout around it may bring formulas of its own. */
  cwd?: string;
  /** The person's home folder. */
  home?: string;
  /** The town's root. */
  town?: string;
}

/** Where formulas are looked for: the ledger, the checkout, the person, the town; each place once. */
export function tiersFor(places: FormulaPlaces): Tier[] {
  const checkout = places.cwd === undefined ? undefined : checkoutOf(places.cwd);
  const candidates: (Tier | undefined)[] = [
    { tier: 'project', directory: path.join(places.ledger, 'formulas') },
    checkout === undefined ? undefined : { tier: 'project', directory: path.join(checkout, '.beads', 'formulas') },
    places.home === undefined ? undefined : { tier: 'user', directory: path.join(places.home, '.beads', 'formulas') },
    places.town === undefined ? undefined : { tier: 'town', directory: path.join(places.town, '.beads', 'formulas') },
  ];
  const found = candidates.filter((tier) => tier !== undefined);
  return found.filter(
    (tier, index) =>
      found.findIndex((other) => path.resolve(other.directory) === path.resolve(tier.directory)) === index,
  );
}

/** The nearest folder upwards that git has checked out. */
function checkoutOf(cwd: string): string | undefined {
  for (let directory = path.resolve(cwd); ; directory = path.dirname(directory)) {
    if (fs.existsSync(path.join(directory, '.git'))) return directory;
    if (directory === path.dirname(directory)) return undefined;
  }
}

/** Nobody has so many formulas in a folder, or so much in one. */
const MAX_NAMES = 10_000;
const MAX_BYTES = 4_000_000;

export const diskFiles: FormulaFiles = {
  list: (directory) => {
    try {
      return fs.readdirSync(directory).slice(0, MAX_NAMES);
    } catch {
      return []; // no such folder, or none of ours
    }
  },
  read: (file) => {
    try {
      return readPlainFile(file, MAX_BYTES);
    } catch (error) {
      throw new UserError(`cannot read ${file}: ${messageOf(error)}`, undefined, 'unavailable');
    }
  },
};
