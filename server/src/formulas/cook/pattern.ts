import vm from 'node:vm';
import { messageOf } from '../../base/errors';

/** Longest that one pattern may take, and all of a formula: formulas come from repositories, and a few patterns take for ever. */
const LIMIT_MS = 100;
const BUDGET_MS = 200;
const MAX_KNOWN = 1_000;

/** Why a text is no regular expression. */
export function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^Invalid regular expression: /, '');
  }
}

type Answer = boolean | 'too-slow';
/** Editors ask the same with every key that is typed. */
const known = new Map<string, Answer>();
const script = new vm.Script('new RegExp(pattern, "u").test(value)');
let context: vm.Context | undefined;

/** Whether values match their patterns, within a time that is shared by all. */
export class PatternChecks {
  private left = BUDGET_MS;

  /** Whether a part of the value matches; `too-slow` where that cannot be told in time. */
  matches(pattern: string, value: string): Answer {
    const key = JSON.stringify([pattern, value]);
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    if (this.left < 1) return 'too-slow';
    const limit = Math.min(LIMIT_MS, Math.ceil(this.left));
    const start = performance.now();
    const found = run(pattern, value, limit);
    this.left -= performance.now() - start;
    // What had less time than others may yet be told another time.
    if (found !== 'too-slow' || limit === LIMIT_MS) remember(key, found);
    return found;
  }
}

/** Within a context of its own, because only that can be given up. */
function run(pattern: string, value: string, timeout: number): Answer {
  context ??= vm.createContext({});
  Object.assign(context, { pattern, value });
  try {
    return script.runInContext(context, { timeout }) === true;
  } catch {
    return 'too-slow';
  }
}

function remember(key: string, answer: Answer): void {
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, answer);
}
