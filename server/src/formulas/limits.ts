import { UserError } from '../base/errors';
import { MAX_NESTING } from '../toml/nodes';
import type { Path } from './model';

/**
 * Limits for the content and the cost of a formula. Formulas come with repositories of unknown origin, so each limit is
 * checked while the thing it limits grows, before memory and time are spent. docs/formulas.md has the same table.
 */
export const limits = {
  /** Bytes of one file. The largest formula of the Go projects has 150 kB; @iarna/toml reads 1 MB in half a second. */
  fileBytes: 1_000_000,
  /** Files that are read from one folder. */
  filesPerFolder: 10_000,
  /** Nesting of tables and lists. */
  nesting: MAX_NESTING,
  /** Steps, in the file and after composition. Each becomes a bead; all are created in one transaction. */
  steps: 5_000,
  /** Variables, advices, legs, and entries of each list in `compose`. */
  entries: 5_000,
  /** Needs of all steps together: each becomes a dependency. */
  needs: 20_000,
  /** Characters of all strings that composing and cooking produce: a poured molecule stays below 10 MB. */
  textChars: 4_000_000,
  /** Iterations of one loop. */
  iterations: 1_000,
  /** Levels of expansions within expansions. */
  expansionLevels: 5,
  /** Formulas that one formula may name in `extends`, and levels of them. */
  parents: 100,
  extendsLevels: 50,
  /**
   * Characters of single values. Ids become parts of titles; conditions and ranges are read by hand-written parsers.
   */
  nameChars: 100,
  idChars: 150,
  conditionChars: 1_000,
  rangeChars: 200,
  globChars: 200,
  patternChars: 1_000,
  patternValueChars: 10_000,
  /** Problems that are listed for one formula, and misspelled names for which a suggestion is searched. */
  problems: 250,
  suggestions: 20,
  /**
   * Units of work (see `Budget.spend`): about two seconds. A formula of 5,000 steps that is composed five times takes a
   * tenth.
   */
  work: 2_000_000,
  /** Milliseconds for composing and cooking, several times the time that the limits above allow. */
  cookMs: 5_000,
} as const;

/** A place in a formula: as text for messages, and as a path in its data. */
export interface Place {
  where: string;
  path: Path;
}

/** Error of a formula that cannot be composed, with its place. */
export class CompositionError extends UserError {
  constructor(
    readonly place: Place,
    /** The message without the place. */
    readonly text: string,
    hint?: string,
    /** The budget of work or time is exhausted: the formula may be valid, but is too costly to compose. */
    readonly isBudget = false,
  ) {
    super(place.where === '' ? text : `${place.where}: ${text}`, hint);
    this.name = 'CompositionError';
  }

  /** The same error with the name of the formula in its message. */
  of(formula: string): CompositionError {
    const where = this.place.where === '' ? formula : `${formula}: ${this.place.where}`;
    return new CompositionError({ ...this.place, where }, this.text, this.hint, this.isBudget);
  }
}

export interface BudgetOptions {
  /** Units of work; default `limits.work`. */
  work?: number;
  /** Milliseconds; default `limits.cookMs`. */
  ms?: number;
  /** A clock in milliseconds, for tests. */
  now?: () => number;
}

const CLOCK_EVERY = 10_000;

/** Units of work for a step that is created: a dozen strings are filled in and counted. */
export const MADE = 10;

/** Counts what composing and cooking one formula costs. Each method throws as soon as its limit is exceeded. */
export class Budget {
  private spent = 0;
  private chars = 0;
  private nextLook = CLOCK_EVERY;
  private readonly work: number;
  private readonly now: () => number;
  private readonly end: number;

  constructor({ work = limits.work, ms = limits.cookMs, now = () => performance.now() }: BudgetOptions = {}) {
    this.work = work;
    this.now = now;
    this.end = now() + ms;
  }

  /** @param units one for each step, need or name that is read, `MADE` for each step that is created */
  spend(units: number, place: Place): void {
    this.spent += units;
    if (this.spent > this.work) throw new CompositionError(place, 'composing this takes too much work', SPLIT, true);
    if (this.spent < this.nextLook) return;
    this.nextLook = this.spent + CLOCK_EVERY;
    if (this.now() > this.end) throw new CompositionError(place, 'composing this takes too long', SPLIT, true);
  }

  /** Counts produced characters. */
  addText(chars: number, place: Place): void {
    this.checkText(chars, place);
    this.chars += chars;
  }

  /** Checks the length of a string before it is built. */
  checkText(chars: number, place: Place): void {
    if (this.chars + chars > limits.textChars)
      throw new CompositionError(
        place,
        `the strings have more than ${count(limits.textChars)} characters in total`,
        SPLIT,
      );
  }

  checkSteps(steps: number, place: Place): void {
    if (steps > limits.steps) throw new CompositionError(place, `more than ${count(limits.steps)} steps`, SPLIT);
  }

  checkNeeds(needs: number, place: Place): void {
    if (needs > limits.needs)
      throw new CompositionError(place, `the steps need each other more than ${count(limits.needs)} times`, SPLIT);
  }
}

const SPLIT = 'Make the formula smaller, or split it in two.';

/** The message for a file that is too large to be read. */
export function tooLargeText(length: number): string {
  return `the file is too large: ${count(length)} characters, at most ${count(limits.fileBytes)} are read`;
}

/** `5,000` */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
