import { RE2JS } from 're2js';
import { messageOf } from '../../base/errors';
import { limits } from '../limits';

/** Instructions of all compiled patterns of one formula: about a second to compile. */
const MAX_INSTRUCTIONS = 200_000;
/** Instructions times characters of all matches of one formula: about a second to match. */
const MAX_MATCHING = 50_000_000;

const TOO_COSTLY = 'it is too costly to check; use a simpler or shorter pattern';

/**
 * Patterns of variables, in the syntax of RE2 as in the Go programs. RE2 takes time proportional to the length of the
 * pattern times that of the value, and never backtracks; the total cost of all patterns of a formula is bounded, too.
 */
export class PatternChecks {
  private readonly compiled = new Map<string, RE2JS | { problem: string }>();
  private instructions = 0;
  private matching = 0;

  /** Why a pattern cannot be used; undefined if it can. */
  problem(pattern: string): string | undefined {
    const compiled = this.compile(pattern);
    return compiled instanceof RE2JS ? undefined : compiled.problem;
  }

  /** Why a value does not match, as the end of a sentence about it; undefined if a part of it matches. */
  mismatch(pattern: string, value: string): string | undefined {
    const compiled = this.compile(pattern);
    if (!(compiled instanceof RE2JS))
      return `cannot be checked with the pattern ${abbreviated(pattern)}: ${compiled.problem}`;
    this.matching += compiled.programSize() * value.length;
    if (value.length > limits.patternValueChars || this.matching > MAX_MATCHING)
      return `is too long to be checked with the pattern ${abbreviated(pattern)}`;
    return compiled.test(value) ? undefined : `does not match the pattern ${abbreviated(pattern)}`;
  }

  private compile(pattern: string): RE2JS | { problem: string } {
    const known = this.compiled.get(pattern);
    if (known) return known;
    const made = this.compileNew(pattern);
    this.compiled.set(pattern, made);
    return made;
  }

  private compileNew(pattern: string): RE2JS | { problem: string } {
    if (pattern.length > limits.patternChars) return { problem: `it is longer than ${limits.patternChars} characters` };
    if (this.instructions > MAX_INSTRUCTIONS) return { problem: TOO_COSTLY };
    try {
      const made = RE2JS.compile(pattern);
      this.instructions += made.programSize();
      return this.instructions > MAX_INSTRUCTIONS ? { problem: TOO_COSTLY } : made;
    } catch (error) {
      return { problem: messageOf(error).replace(/^error parsing regexp: /, '') };
    }
  }
}

function abbreviated(pattern: string): string {
  return pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
}
