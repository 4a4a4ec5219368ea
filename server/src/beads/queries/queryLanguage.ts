import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { parentOf } from '../index/blocking';
import { canonicalStatus, typeFromInput } from '../model/fields';
import { pastTime } from '../model/timeWords';
import { toMicroseconds } from '../model/time';

/**
 * The language of `bd query`: comparisons `field=value` (also != > >= < <=) with AND, OR, NOT and parentheses.
 * Words of the language and names of fields may be written in any case.
 */

type Predicate = (bead: Bead) => boolean;
type Comparator = '=' | '!=' | '>' | '>=' | '<' | '<=';

interface Token {
  kind: 'word' | 'text' | 'comparator' | '(' | ')' | 'end';
  text: string;
  /** Offset of the token's first character. */
  at: number;
}

/** Maximum nesting of parentheses and NOT. */
const MAX_DEPTH = 100;

/** Compiles an expression. @throws UserError that names the position of a syntax error, or a wrong field or value */
export function compileQuery(expression: string, now: Date): Predicate {
  if (expression.trim() === '') throw parseError('empty query');
  const parser = new Parser(tokensOf(expression), now);
  return parser.whole();
}

function parseError(message: string): UserError {
  return new UserError(`parsing query: ${message}`, 'See bd query --help for the language.');
}

function evaluationError(message: string): UserError {
  return new UserError(`evaluating query: ${message}`, 'See bd query --help for fields and values.');
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:([()])|(!=|>=|<=|[=<>])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([\w.:@/+-]+))/y;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    if (text.slice(at).trim() === '') break;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    if (!match) throw parseError(`unexpected character '${text[start]}' at position ${start}`);
    const [, bracket, comparator, double, single, word] = match;
    const quoted = double ?? single;
    if (bracket) tokens.push({ kind: bracket as '(' | ')', text: bracket, at: start });
    else if (comparator) tokens.push({ kind: 'comparator', text: comparator, at: start });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1'), at: start });
    else tokens.push({ kind: 'word', text: word ?? '', at: start });
  }
  tokens.push({ kind: 'end', text: 'EOF', at: text.length });
  return tokens;
}

class Parser {
  private position = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly now: Date,
  ) {}

  whole(): Predicate {
    const predicate = this.alternatives();
    if (this.next.kind !== 'end')
      throw parseError(`unexpected token "${this.next.text}" at position ${this.next.at} (expected end of query)`);
    return predicate;
  }

  private get next(): Token {
    return this.tokens[this.position]!;
  }

  private takeWord(word: string): boolean {
    if (this.next.kind !== 'word' || this.next.text.toUpperCase() !== word) return false;
    this.position++;
    return true;
  }

  private alternatives(): Predicate {
    const parts = [this.conjunction()];
    while (this.takeWord('OR')) parts.push(this.conjunction());
    return (bead) => parts.some((holds) => holds(bead));
  }

  private conjunction(): Predicate {
    const parts = [this.negation()];
    while (this.takeWord('AND')) parts.push(this.negation());
    return (bead) => parts.every((holds) => holds(bead));
  }

  private negation(): Predicate {
    if (++this.depth > MAX_DEPTH) throw parseError(`more than ${MAX_DEPTH} levels`);
    try {
      if (this.takeWord('NOT')) {
        const inner = this.negation();
        return (bead) => !inner(bead);
      }
      return this.next.kind === '(' ? this.group() : this.comparison();
    } finally {
      this.depth--;
    }
  }

  private group(): Predicate {
    this.position++;
    const inner = this.alternatives();
    if (this.next.kind !== ')') throw this.expected("')'");
    this.position++;
    return inner;
  }

  private comparison(): Predicate {
    const field = this.next;
    if (field.kind !== 'word') throw this.expected('field name');
    this.position++;
    const comparator = this.next;
    if (comparator.kind !== 'comparator') throw this.expected('comparison operator');
    this.position++;
    const value = this.next;
    if (value.kind !== 'word' && value.kind !== 'text') throw this.expected('value');
    this.position++;
    return compare(field.text.toLowerCase(), comparator.text as Comparator, value.text, this.now);
  }

  private expected(what: string): UserError {
    const found = this.next.kind === 'end' ? 'EOF' : `"${this.next.text}"`;
    return parseError(`expected ${what} at position ${this.next.at}, got ${found}`);
  }
}

/** Equality test of each field. */
const equalities: Readonly<Record<string, (value: string) => Predicate>> = {
  type: (value) => (bead) => bead.issue_type === typeFromInput(value),
  assignee: (value) => textOrNone((bead) => bead.assignee, value),
  owner: (value) => textOrNone((bead) => bead.owner, value),
  label: (value) => (bead) => (isNone(value) ? (bead.labels ?? []).length === 0 : (bead.labels ?? []).includes(value)),
  title: (value) => (bead) => includes(bead.title, value),
  description: (value) => (bead) => (isNone(value) ? !bead.description : includes(bead.description, value)),
  notes: (value) => (bead) => (isNone(value) ? !bead.notes : includes(bead.notes, value)),
  id: (value) => (bead) => matchesStart(bead.id, value),
  spec: (value) => (bead) => matchesStart(typeof bead.spec_id === 'string' ? bead.spec_id : '', value),
  pinned: (value) => flag(value, (bead) => bead.pinned === true),
  ephemeral: (value) => flag(value, (bead) => bead.ephemeral === true),
  template: (value) => flag(value, (bead) => bead.is_template === true),
  parent: (value) => (bead) => (isNone(value) ? parentOf(bead) === undefined : parentOf(bead) === value),
  mol_type: (value) => (bead) => (bead.mol_type ?? '') === value,
};
const aliases: Readonly<Record<string, string>> = {
  desc: 'description',
  labels: 'label',
  created_at: 'created',
  updated_at: 'updated',
  closed_at: 'closed',
  spec_id: 'spec',
  issue_type: 'type',
};
const timeFields: Readonly<Record<string, string>> = {
  created: 'created_at',
  updated: 'updated_at',
  closed: 'closed_at',
  due: 'due_at',
  defer: 'defer_until',
};
const knownStatuses = [
  'open',
  'in_progress',
  'blocked',
  'deferred',
  'closed',
  'pinned',
  'hooked',
  'in_review',
  'failed',
];

function compare(name: string, comparator: Comparator, value: string, now: Date): Predicate {
  const field = Object.hasOwn(aliases, name) ? aliases[name]! : name;
  if (field === 'status') return equality(field, comparator, statusIs(value));
  if (field === 'priority') return comparePriority(comparator, value);
  if (Object.hasOwn(timeFields, field)) return compareTime(timeFields[field]!, comparator, value, now);
  if (!Object.hasOwn(equalities, field)) throw evaluationError(`unknown field: ${name}`);
  return equality(field, comparator, equalities[field]!(value));
}

function equality(field: string, comparator: Comparator, equal: Predicate): Predicate {
  if (comparator === '=') return equal;
  if (comparator === '!=') return (bead) => !equal(bead);
  throw evaluationError(`${field} does not support operator ${comparator}`);
}

function statusIs(value: string): Predicate {
  const status = canonicalStatus(value.toLowerCase());
  if (!knownStatuses.includes(status)) throw evaluationError(`invalid status: ${value}`);
  return (bead) => bead.status === status;
}

const orders: Readonly<Record<Comparator, (difference: number) => boolean>> = {
  '=': (difference) => difference === 0,
  '!=': (difference) => difference !== 0,
  '>': (difference) => difference > 0,
  '>=': (difference) => difference >= 0,
  '<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
};

function comparePriority(comparator: Comparator, value: string): Predicate {
  const match = /^[pP]?(\d+)$/.exec(value);
  if (!match) throw evaluationError(`invalid priority value: ${value}`);
  const priority = Number(match[1]);
  if (priority > 4) throw evaluationError('priority must be between 0 and 4');
  return (bead) => orders[comparator](bead.priority - priority);
}

/** `created>7d`: less than seven days ago. Never matches a bead without that time. */
function compareTime(key: string, comparator: Comparator, value: string, now: Date): Predicate {
  const time = toMicroseconds(pastTime(value, now));
  if (time === undefined) throw evaluationError(`invalid time: ${value}`);
  return (bead) => {
    const own = toMicroseconds(typeof bead[key] === 'string' ? bead[key] : undefined);
    return own !== undefined && orders[comparator](own - time);
  };
}

function isNone(value: string): boolean {
  return value.toLowerCase() === 'none' || value === '';
}

function textOrNone(read: (bead: Bead) => string | undefined, value: string): Predicate {
  return (bead) => (isNone(value) ? !read(bead) : read(bead) === value);
}

function includes(text: string | undefined, part: string): boolean {
  return text?.toLowerCase().includes(part.toLowerCase()) ?? false;
}

/** Matches a value; `abc*` matches everything that starts with `abc`. */
function matchesStart(text: string, value: string): boolean {
  return value.endsWith('*') ? text.startsWith(value.slice(0, -1)) : text === value;
}

function flag(value: string, read: Predicate): Predicate {
  const wanted = value.toLowerCase();
  if (wanted !== 'true' && wanted !== 'false') throw evaluationError(`invalid boolean value: ${value}`);
  return (bead) => read(bead) === (wanted === 'true');
}
