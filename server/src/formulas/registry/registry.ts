import path from 'node:path';
import { UserError } from '../../base/errors';
import polecatWork from '../built-in/mol-polecat-work.formula.toml';
import shiny from '../built-in/shiny.formula.toml';
import { FormulaChecker, throwIfInvalid } from '../check/checker';
import { fileNameProblems } from '../check/fileName';
import { Suggestions } from '../check/suggestions';
import { cook, resolveFormula, type CookOptions } from '../cook/cook';
import type { Proto } from '../cook/proto';
import type { Resolved } from '../cook/resolved';
import { limits } from '../limits';
import { Memo } from '../memo';
import type { ParsedFormula } from '../load/parse';
import type { Format } from '../load/readData';
import { error as failure, type FindFormula, type Formula, type FoundFormula, type Problem } from '../model';
import { diskFiles, type FormulaFiles, type Tier } from './files';
import { ParseCache } from './parseCache';

/** The formulas that come with the program, by name. They are searched last. */
export const builtInFormulas: Readonly<Record<string, string>> = { shiny, 'mol-polecat-work': polecatWork };

const endings: readonly [ending: string, format: Format][] = [
  ['.formula.toml', 'toml'],
  ['.formula.json', 'json'],
];
const safeName = new RegExp(`^[A-Za-z0-9][\\w.-]{0,${limits.nameChars - 1}}$`);

export interface FormulaEntry {
  name: string;
  tier: Tier['tier'] | 'built-in';
  /** The file, or `built-in formula …`. */
  source: string;
  /** Undefined if the text is not a formula. */
  formula?: Formula;
  problems: Problem[];
}

/** The text of a formula and its source. */
interface FormulaText {
  text: string;
  format: Format;
  source: string;
  tier: FormulaEntry['tier'];
}

export interface RegistryOptions {
  files?: FormulaFiles;
  cache?: ParseCache;
  /**
   * Called with each text before it is parsed, checked or cooked. May throw a UserError to refuse it.
   */
  onText?: (source: string, text: string) => void;
  /** A clock in milliseconds, for tests. */
  now?: () => number;
}

/** Milliseconds after which a list stops checking: there may be many files, each of them within the limits. */
const LIST_MS = 4_000;

/**
 * The formulas that a caller can name: those of the project, the user and the town, and the built-in ones. Created for
 * one request: each file is read once.
 */
export class FormulaRegistry {
  private readonly files: FormulaFiles;
  private readonly cache: ParseCache;
  private readonly checker: FormulaChecker;
  private readonly found = new Memo<FoundFormula>();
  private readonly suggestions = new Suggestions();
  private knownNames: readonly string[] | undefined;
  private current: FormulaText | undefined;

  constructor(
    private readonly tiers: readonly Tier[],
    private readonly options: RegistryOptions = {},
  ) {
    this.files = options.files ?? diskFiles;
    this.cache = options.cache ?? new ParseCache();
    this.checker = new FormulaChecker(this.find);
  }

  /** All formulas with their problems; an unreadable file has a problem and no formula. */
  list(): FormulaEntry[] {
    const { now = () => performance.now() } = this.options;
    const end = now() + LIST_MS;
    return this.names().map((name) => {
      if (now() > end) return unusable(name, 'not checked: the formulas before it took too long');
      try {
        return this.check(name);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return unusable(name, error.message);
      }
    });
  }

  /** All names, without reading the files. */
  names(): readonly string[] {
    this.knownNames ??= this.readNames();
    return this.knownNames;
  }

  private readNames(): string[] {
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

  /** One formula with all of its problems. @throws UserError if there is none */
  check(name: string): FormulaEntry {
    const text = this.text(name);
    return this.working(text, () => {
      const { formula, problems } = this.parse(text);
      const entry = { name, tier: text.tier, source: text.source };
      if (!formula) return { ...entry, problems };
      try {
        const all = [...problems, ...fileNameProblems(name, formula)];
        return { ...entry, ...this.checker.check({ formula, problems: all, source: text.source }) };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { ...entry, formula, problems: [...problems, failure('extends', '', error.message, ['extends'])] };
      }
    });
  }

  /** The data of a formula as it is in its file. @throws UserError if it cannot be read */
  raw(name: string): Record<string, unknown> {
    const text = this.text(name);
    const { raw, problems } = this.working(text, () => this.parse(text));
    if (!raw) throwIfInvalid(text.source, problems);
    return raw ?? {};
  }

  /** Cooks a formula by name. @throws UserError with all problems */
  cook(name: string, options: CookOptions): { proto: Proto; warnings: string[] } {
    return this.cookText(this.text(name), options);
  }

  /** Like `cook`, for the text of any file; the formulas that it refers to are looked up here. */
  cookFile(text: string, source: string, options: CookOptions): { proto: Proto; warnings: string[] } {
    return this.cookText(fileText(text, source), options);
  }

  private cookText(text: FormulaText, options: CookOptions): { proto: Proto; warnings: string[] } {
    return this.working(text, () => {
      const { formula, warnings } = this.checker.requireValid(this.load(text));
      return { proto: cook(formula, this.checker.resolve, options), warnings };
    });
  }

  /** Composes a formula by name; the result is spelled as in a file. @throws UserError with all problems */
  resolve(name: string, options: CookOptions): Resolved & { warnings: string[] } {
    return this.resolveText(this.text(name), options);
  }

  /** Like `resolve`, for the text of any file. */
  resolveFile(text: string, source: string, options: CookOptions): Resolved & { warnings: string[] } {
    return this.resolveText(fileText(text, source), options);
  }

  private resolveText(text: FormulaText, options: CookOptions): Resolved & { warnings: string[] } {
    return this.working(text, () => {
      const { formula, warnings } = this.checker.requireValid(this.load(text));
      return { ...resolveFormula(formula, this.checker.resolve, { ...options, source: text.source }), warnings };
    });
  }

  /**
   * Finds a formula as written in its text, without its parents. @throws UserError if there is none, or its text is
   * invalid
   */
  readonly find: FindFormula = (name) =>
    this.found.get(name, () => {
      const text = this.text(name);
      return this.working(text, () => this.load(text));
    });

  private load(text: FormulaText): FoundFormula {
    const { formula, problems } = this.parse(text);
    if (!formula) throwIfInvalid(text.source, problems);
    return { formula: formula!, problems, source: text.source };
  }

  private parse({ source, text, format }: FormulaText): ParsedFormula {
    return this.cache.parse(source, text, format);
  }

  /** Reports the text that is processed, and afterwards again the previous one, which referred to it. */
  private working<T>(text: FormulaText, work: () => T): T {
    const before = this.current;
    this.options.onText?.(text.source, text.text);
    this.current = text;
    try {
      return work();
    } finally {
      this.current = before;
      if (before) this.options.onText?.(before.source, before.text);
    }
  }

  private text(name: string): FormulaText {
    if (!safeName.test(name))
      throw new UserError(
        `invalid formula name: ${JSON.stringify(name.slice(0, limits.nameChars))}`,
        'A name contains letters, digits, dots, hyphens and underscores; write ./ before a file.',
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
    const near = this.suggestions.closest(name, this.names());
    const folders = this.tiers.map(({ directory }) => directory).join(', ');
    return new UserError(
      `formula ${JSON.stringify(name)} not found`,
      `${near ? `Did you mean ${near}? ` : ''}"bd formula list" shows what there is. Looked in ${folders ? `${folders} and ` : ''}the built-in ones.`,
      'not-found',
    );
  }
}

/** The text of a file that the caller has read. */
function fileText(text: string, source: string): FormulaText {
  return { text, source, format: source.endsWith('.json') ? 'json' : 'toml', tier: 'project' };
}

function unusable(name: string, reason: string): FormulaEntry {
  return { name, tier: 'project', source: '', problems: [failure('unusable', '', reason, [])] };
}
