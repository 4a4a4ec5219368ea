import { KeyParser, TOO_DEEP } from './keys';
import { MAX_NESTING, type ArrayValue, type Entry, type InlineTable, type StringValue, type Value } from './nodes';
import { recoveredExtent, startsStatement } from './recovery';
import { scalarOf } from './scalars';
import { multiExtent, readString, singleExtent, styleAt } from './strings';

const NO_STATEMENT =
  'This is neither key = value, nor a [table], nor a # comment. A string of several lines starts and ends with """.';
const scalarRun = /[^\s,[\]{}#="']+/y;
const clockAfterDate = / \d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?/y;

/** Parses values, and the key-value pairs of lines and inline tables. */
export class ValueParser extends KeyParser {
  private depth = 0;
  /** The last run of blank lines and comments in an array, and whether it is followed by a statement. */
  private nextLine = { from: -1, to: -1, isStatement: false };

  /** @param recovering whether the text is known to have errors, so that its lines decide where values end */
  constructor(
    text: string,
    protected readonly recovering: boolean,
  ) {
    super(text);
  }

  /** Parses a key-value pair. @param isLine whether it is a line of its own, and not part of an inline table */
  protected entry(isLine: boolean): Entry | undefined {
    const start = this.at;
    const before = this.problems.length;
    const key = this.keyPath();
    if (key.parts.length === 0) {
      this.takeInvalid(isLine ? this.lineEnd() : this.itemEnd(), NO_STATEMENT);
      return undefined;
    }
    this.blanks();
    const name = this.text.slice(key.start, key.end);
    if (this.text[this.at] !== '=') {
      this.problems.length = before;
      const isAlone = this.at === this.lineEnd() || this.text[this.at] === '#' || !isLine;
      if (isAlone) this.report('toml-key', start, key.end, `Write = and a value after ${name}.`);
      // Words instead of a statement: most often the rest of a string without quotes.
      else this.takeInvalid(this.lineEnd(), NO_STATEMENT, 'toml-statement', start);
      return isAlone ? { start, end: key.end, key } : undefined;
    }
    const equals = this.at;
    this.take('punctuation', this.at + 1);
    this.blanks();
    this.keyDepth += key.parts.length;
    const value = this.value();
    this.keyDepth -= key.parts.length;
    if (!value) this.report('toml-value', equals, equals + 1, `Write a value after =, such as ${name} = "…".`);
    return { start, end: value?.end ?? equals + 1, key, equals, ...(value ? { value } : {}) };
  }

  private value(): Value | undefined {
    switch (this.text[this.at]) {
      case '"':
      case "'":
        return this.string();
      case '[':
        return this.nested(() => this.array());
      case '{':
        return this.nested(() => this.inlineTable());
      default:
        return this.scalar();
    }
  }

  private nested(read: () => Value): Value {
    if (this.depth + this.keyDepth >= MAX_NESTING) {
      const start = this.at;
      this.takeInvalid(this.lineEnd(), TOO_DEEP, 'toml-value');
      return { kind: 'invalid', start, end: this.at };
    }
    this.depth += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  private string(): StringValue {
    const start = this.at;
    const style = styleAt(this.text, start, true);
    const isMulti = style.startsWith('multi');
    const found = isMulti ? multiExtent(this.text, start) : singleExtent(this.text, start);
    const extent = isMulti && this.recovering ? recoveredExtent(this.text, start, found) : found;
    const node = readString(this.text, start, style, extent, (problem) => this.problems.push(problem));
    this.take('string', node.end);
    if (!node.closed) {
      const quotes = this.text.slice(start, start + (isMulti ? 3 : 1));
      const end = isMulti ? start + 3 : node.end;
      this.report('toml-string', start, end, `This string is not closed; write ${quotes} at its end.`);
    }
    return node;
  }

  private scalar(): Value | undefined {
    const start = this.at;
    let end = this.match(scalarRun);
    if (end === start) {
      const isEnd = start === this.lineEnd() || '#,]}'.includes(this.text[start]!);
      if (isEnd) return undefined;
      end = start + 1;
    }
    clockAfterDate.lastIndex = end;
    const isDate = end - start === 10 && /^\d{4}-\d\d-\d\d$/.test(this.text.slice(start, end));
    if (isDate && clockAfterDate.test(this.text)) end = clockAfterDate.lastIndex;
    const scalar = scalarOf(this.text.slice(start, end));
    if (scalar) {
      this.take('scalar', end);
      return { kind: 'scalar', ...scalar, start, end };
    }
    // Everything up to the end of the value is one error.
    end = Math.max(end, this.depth > 0 ? this.itemEnd() : this.valueEnd());
    this.takeInvalid(end, invalidValueText(this.text.slice(start, end)), 'toml-value');
    return { kind: 'invalid', start, end };
  }

  private valueEnd(): number {
    const line = this.text.slice(this.at, this.lineEnd());
    const comment = line.indexOf(' #');
    return this.at + (comment >= 0 ? comment : line.trimEnd().length);
  }

  /** End of an unreadable item of an array or an inline table. */
  private itemEnd(): number {
    const end = this.lineEnd();
    for (let at = this.at; at < end; at++) if (',]}#'.includes(this.text[at]!)) return at > this.at ? at : at + 1;
    return end;
  }

  private array(): ArrayValue {
    const node: ArrayValue = { kind: 'array', items: [], closed: false, start: this.at, end: this.at };
    this.take('punctuation', this.at + 1);
    let wantsComma = false;
    while (this.skipInArray()) {
      const next = this.text[this.at];
      if (next === ']') {
        this.take('punctuation', this.at + 1);
        node.closed = true;
        break;
      }
      if (next === ',') {
        if (!wantsComma)
          this.report('toml-array', this.at, this.at + 1, 'A value is missing before this comma; remove the comma.');
        this.take('punctuation', this.at + 1);
        wantsComma = false;
        continue;
      }
      if (next === '}') {
        if (this.depth > 1) break;
        this.takeInvalid(this.at + 1, 'This } closes nothing; remove it.', 'toml-array');
        continue;
      }
      if (wantsComma) this.report('toml-array', node.end, this.at, 'Write a comma between two values.');
      const value = this.value();
      if (value) node.items.push(value);
      wantsComma = true;
      node.end = this.at;
    }
    if (node.closed) node.end = this.at;
    else {
      node.end = Math.max(node.end, node.start + 1);
      this.report('toml-array', node.start, node.end, 'This array is not closed; write ] at its end.');
    }
    return node;
  }

  /**
   * Skips white space in an array. False if the array ends unclosed: at the end of the text, or before a line that is a
   * statement.
   */
  private skipInArray(): boolean {
    for (;;) {
      if (this.recovering && this.isRestOfLineBlank() && this.nextLineStartsStatement()) return false;
      if (!this.skipLines()) return this.at < this.text.length;
    }
  }

  /**
   * Whether the next line that is neither blank nor a comment is a statement. Cached, because it is queried for each
   * line before it.
   */
  private nextLineStartsStatement(): boolean {
    const lineStart = this.nextLineStart();
    if (lineStart === undefined) return false;
    const { from, to } = this.nextLine;
    if (lineStart < from || lineStart > to) {
      const skipped = /(?:[ \t]*(?:#[^\n]*)?\r?\n)*/y;
      skipped.lastIndex = lineStart;
      skipped.test(this.text);
      const next = Math.max(lineStart, skipped.lastIndex);
      this.nextLine = { from: lineStart, to: next, isStatement: startsStatement(this.text, next) };
    }
    return this.nextLine.isStatement;
  }

  private inlineTable(): InlineTable {
    const node: InlineTable = { kind: 'inline', entries: [], closed: false, start: this.at, end: this.at };
    const report = (start: number, end: number, message: string): void =>
      this.report('toml-inline-table', start, end, message);
    this.take('punctuation', this.at + 1);
    let wantsComma = false;
    for (this.blanks(); this.at < this.lineEnd() && this.text[this.at] !== '#'; this.blanks()) {
      const next = this.text[this.at];
      if (next === '}') {
        if (!wantsComma && node.entries.length > 0) report(this.at, this.at + 1, 'Remove the comma before }.');
        this.take('punctuation', this.at + 1);
        node.closed = true;
        break;
      }
      if (next === ',') {
        if (!wantsComma) report(this.at, this.at + 1, 'A key = value is missing before this comma; remove the comma.');
        this.take('punctuation', this.at + 1);
        wantsComma = false;
        continue;
      }
      if (next === ']' && this.depth > 1) break;
      if (wantsComma) report(node.end, this.at, 'Write a comma between two pairs of key = value.');
      const entry = this.entry(false);
      if (entry) node.entries.push(entry);
      wantsComma = true;
      node.end = this.at;
    }
    if (node.closed) node.end = this.at;
    else {
      node.end = Math.max(node.end, node.start + 1);
      report(node.start, node.end, 'Close this table with } on the same line, or give it a separate [header].');
    }
    return node;
  }
}

const MAX_SHOWN = 100;

function invalidValueText(raw: string): string {
  const shown = raw.length > MAX_SHOWN ? `${raw.slice(0, MAX_SHOWN)}…` : raw;
  return /^[+-]?[\d.]/.test(raw)
    ? `${shown} is neither a number nor a date; write a string in quotes: "${shown}".`
    : `Write a string in quotes: "${shown.replaceAll('"', '')}".`;
}
