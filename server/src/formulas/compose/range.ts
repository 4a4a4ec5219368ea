import { count, limits } from '../limits';

type Values = Readonly<Record<string, string>>;

export interface RangeFailure {
  /** Why the range is invalid. */
  problem: string;
  hint?: string;
  /** The range depends on a variable whose value is not known. */
  unknown?: boolean;
}

const HINT = 'Use whole numbers, {variables} and + - * / ^ ( ).';
const placeholder = /\{\{?(\w+)\}?\}/g;

/** Computes the first and last number of a range such as `1..{n}+1`. */
export function rangeBounds(range: string, values: Values): { start: number; end: number } | RangeFailure {
  const invalid = (text: string): RangeFailure => ({
    problem: `invalid range ${JSON.stringify(text.trim().slice(0, limits.rangeChars))}`,
    hint: HINT,
    unknown: [...range.matchAll(placeholder)].some((match) => !Object.hasOwn(values, match[1]!)),
  });
  if (range.length > limits.rangeChars) return { ...invalid(range), unknown: false };
  const [from = '', to = ''] = range.split('..');
  const [start, end] = [evaluate(from, values), evaluate(to, values)];
  if (start === undefined) return invalid(from);
  if (end === undefined) return invalid(to);
  if (end < start) return { problem: `range end (${end}) is less than start (${start})` };
  if (end - start >= limits.iterations)
    return { problem: `the range ${start}..${end} has more than ${count(limits.iterations)} rounds` };
  return { start, end };
}

/** Evaluates a whole number from `+ - * / ^ ( )`, numbers and `{variables}`; undefined for anything else. */
export function evaluate(text: string, values: Values): number | undefined {
  const filled = text.replace(placeholder, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
  // The parser is recursive: the length limits its depth.
  if (filled.length > limits.rangeChars) return undefined;
  const result = new Expression(filled).parse();
  return Number.isSafeInteger(result) ? result : undefined;
}

/** A recursive descent parser. An invalid part is NaN, and so is every result that depends on it. */
class Expression {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.tokens = text.match(/\d+|[-+*/^()]|\S/g) ?? [];
  }

  parse(): number {
    const result = this.sum();
    return this.at === this.tokens.length ? result : NaN;
  }

  private sum(): number {
    let result = this.product();
    for (let sign = this.next('+', '-'); sign; sign = this.next('+', '-'))
      result += sign === '+' ? this.product() : -this.product();
    return result;
  }

  private product(): number {
    let result = this.power();
    for (let sign = this.next('*', '/'); sign; sign = this.next('*', '/'))
      result = sign === '*' ? result * this.power() : Math.trunc(result / this.power());
    return result;
  }

  private power(): number {
    const base = this.value();
    return this.next('^') ? base ** this.power() : base;
  }

  private value(): number {
    if (this.next('-')) return -this.value();
    if (this.next('(')) {
      const inner = this.sum();
      return this.next(')') ? inner : NaN;
    }
    const token = this.tokens[this.at++];
    return token !== undefined && /^\d{1,9}$/.test(token) ? Number(token) : NaN;
  }

  /** Takes the next token if it is one of these. */
  private next(...wanted: string[]): string | undefined {
    const token = this.tokens[this.at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.at++;
    return token;
  }
}
