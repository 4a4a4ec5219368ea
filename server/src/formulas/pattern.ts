import vm from 'node:vm';
import { messageOf } from '../base/errors';

/** Longest that a pattern may take: formulas come from repositories, and a few patterns take for ever. */
const LIMIT_MS = 100;

/** Why a text is no regular expression. */
export function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^Invalid regular expression: /, '');
  }
}

/** Whether a part of the value matches. A pattern that takes too long matches nothing. */
export function matches(pattern: string, value: string): boolean {
  try {
    // Within a script of its own, because only that can be given up.
    return vm.runInNewContext('new RegExp(pattern, "u").test(value)', { pattern, value }, { timeout: LIMIT_MS }) === true;
  } catch {
    return false;
  }
}
