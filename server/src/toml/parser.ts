import type {
  ArrayValue,
  Entry,
  Header,
  InlineTable,
  KeyPart,
  KeyPath,
  Section,
  StringValue,
  Syntax,
  Value,
} from './nodes';
import { MAX_NESTING } from './nodes';
import { recoveredExtent, startsStatement } from './recovery';
import { scalarOf } from './scalars';
import { Scanner } from './scanner';
import { multiExtent, readString, singleExtent, styleAt } from './strings';

const TOO_DEEP = 'This is nested too deeply.';
const NO_STATEMENT =
  'This is no key = value, no [table] and no # comment. A text of several lines stands between """ and """.';
const bareKey = /[\w-]+/y;
const scalarRun = /[^\s,[\]{}#="']+/y;
const clockAfterDate = / \d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?/y;

/**
 * Reads any text as TOML. Whatever is right is read as TOML says; only where something is wrong the text is read a
 * second time with an eye on its lines, so that what stands before and behind the damage is kept. Never throws.
 */
export function parseToml(text: string): Syntax {
  const strict = new Parser(text, false).parse();
  return strict.problems.length === 0 ? strict : new Parser(text, true).parse();
}

class Parser extends Scanner {
  private depth = 0;
  /** The last run of blank lines and comments in a list, and what comes behind it. */
  private nextLine = { from: -1, to: -1, isStatement: false };
  /** Tables that the names of keys around a value make. */
  private keyDepth = 0;

  constructor(
    text: string,
    private readonly mending: boolean,
  ) {
    super(text);
  }

  parse(): Syntax {
    if (this.text.startsWith('\uFEFF')) this.take('bom', 1);
    let section: Section = { start: this.at, end: this.at, entries: [] };
    const sections = [section];
    while (this.at < this.text.length && (this.mending || this.problems.length === 0)) {
      if (this.skipLines()) continue;
      const start = this.at;
      if (this.text[this.at] === '[') {
        section = { start, end: start, header: this.header(), entries: [] };
        sections.push(section);
      } else {
        const entry = this.entry(true);
        if (entry) section.entries.push(entry);
      }
      this.endOfLine();
      section.end = this.at;
    }
    return { text: this.text, tokens: this.tokens, sections, problems: this.problems };
  }

  // ---------------------------------------------------------------- keys and headers

  private header(): Header {
    const start = this.at;
    const array = this.text.startsWith('[[', start);
    this.take('punctuation', start + (array ? 2 : 1));
    const key = this.keyPath();
    this.blanks();
    const close = array ? ']]' : ']';
    const closed = this.text.startsWith(close, this.at);
    if (closed) this.take('punctuation', this.at + close.length);
    else if (this.text[this.at] === ']') this.take('punctuation', this.at + 1);
    const end = this.at;
    if (key.parts.length === 0)
      this.report('toml-header', start, end, `Write the name of a table between ${array ? '[[ and ]]' : '[ and ]'}.`);
    else if (!closed) this.report('toml-header', start, end, `Close the header with ${close}.`);
    if (!closed) this.take('junk', this.lineEnd());
    return { start, end, key, array, closed };
  }

  private keyPath(): KeyPath {
    this.blanks();
    const start = this.at;
    const parts: KeyPart[] = [];
    for (;;) {
      const part = this.keyPart();
      if (!part) {
        if (parts.length > 0) this.report('toml-key', start, this.at, 'Write a name behind the dot.');
        break;
      }
      if (parts.length + this.keyDepth < MAX_NESTING) parts.push(part);
      else if (this.problems.at(-1)?.message !== TOO_DEEP) this.report('toml-key', start, part.end, TOO_DEEP);
      const dot = this.behindBlanks();
      if (this.text[dot] !== '.') break;
      this.blanks();
      this.take('punctuation', this.at + 1);
      this.blanks();
    }
    return {
      start,
      end:
        parts.length > 0
          ? Math.max(parts.at(-1)!.end, this.tokens.at(-1)?.kind === 'punctuation' ? this.at : 0)
          : this.at,
      parts,
    };
  }

  private keyPart(): KeyPart | undefined {
    const start = this.at;
    const end = this.match(bareKey);
    if (end > start) {
      this.take('key', end);
      return { start, end, name: this.text.slice(start, end) };
    }
    const quote = this.text[start];
    if ((quote !== '"' && quote !== "'") || this.text.startsWith(quote.repeat(3), start)) return undefined;
    const node = readString(
      this.text,
      start,
      styleAt(this.text, start, false),
      singleExtent(this.text, start),
      (problem) => this.problems.push(problem),
    );
    this.take('key', node.end);
    if (!node.closed) this.report('toml-key', start, node.end, `Close the name with ${quote}.`);
    return { start, end: node.end, name: node.value };
  }

  /** @param line whether it has a line of its own, and not a place in an inline table */
  private entry(line: boolean): Entry | undefined {
    const start = this.at;
    const before = this.problems.length;
    const key = this.keyPath();
    if (key.parts.length === 0) {
      this.junk(line ? this.lineEnd() : this.itemEnd(), NO_STATEMENT);
      return undefined;
    }
    this.blanks();
    if (this.text[this.at] !== '=') {
      this.problems.length = before;
      const isAlone = this.at === this.lineEnd() || this.text[this.at] === '#' || !line;
      if (isAlone)
        this.report('toml-key', start, key.end, `Write = and a value behind ${this.text.slice(key.start, key.end)}.`);
      else this.reportNoStatement(start);
      return isAlone ? { start, end: key.end, key } : undefined;
    }
    const equals = this.at;
    this.take('punctuation', this.at + 1);
    this.blanks();
    this.keyDepth += key.parts.length;
    const value = this.value();
    this.keyDepth -= key.parts.length;
    if (!value)
      this.report(
        'toml-value',
        equals,
        equals + 1,
        `Write a value behind =, such as ${this.text.slice(key.start, key.end)} = "…".`,
      );
    return { start, end: value?.end ?? equals + 1, key, equals, ...(value ? { value } : {}) };
  }

  /** Words where a statement should stand: most often the rest of a text that lost its quotes. */
  private reportNoStatement(start: number): void {
    this.junk(this.lineEnd(), NO_STATEMENT, 'toml-junk', start);
  }

  // ---------------------------------------------------------------- values

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
      this.junk(this.lineEnd(), TOO_DEEP, 'toml-value');
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
    const multi = style.startsWith('multi');
    const found = multi ? multiExtent(this.text, start) : singleExtent(this.text, start);
    const extent = multi && this.mending ? recoveredExtent(this.text, start, found) : found;
    const node = readString(this.text, start, style, extent, (problem) => this.problems.push(problem));
    this.take('string', node.end);
    if (!node.closed) {
      const quotes = this.text.slice(start, start + (multi ? 3 : 1));
      this.report(
        'toml-string',
        start,
        multi ? start + 3 : node.end,
        `This text is never closed; write ${quotes} at its end.`,
      );
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
    if (/^\d{4}-\d\d-\d\d$/.test(this.text.slice(start, end)) && clockAfterDate.test(this.text))
      end = clockAfterDate.lastIndex;
    const scalar = scalarOf(this.text.slice(start, end));
    if (scalar) {
      this.take('scalar', end);
      return { kind: 'scalar', ...scalar, start, end };
    }
    // Everything up to where a value must end is one mistake.
    end = Math.max(end, this.depth > 0 ? this.itemEnd() : this.valueEnd());
    const raw = this.text.slice(start, end);
    this.junk(
      end,
      /^[+-]?[\d.]/.test(raw)
        ? `${raw} is no number and no date; a text stands in quotes: "${raw}".`
        : `A text stands in quotes: "${raw.replaceAll('"', '')}".`,
      'toml-value',
    );
    return { kind: 'invalid', start, end };
  }

  private valueEnd(): number {
    const comment = this.text.indexOf(' #', this.at);
    const end = this.lineEnd();
    return comment >= 0 && comment < end ? comment : this.at + this.text.slice(this.at, end).trimEnd().length;
  }

  /** Where an item of a list or an inline table ends that cannot be read. */
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
          this.report('toml-array', this.at, this.at + 1, 'A value is missing before this comma; take the comma out.');
        this.take('punctuation', this.at + 1);
        wantsComma = false;
        continue;
      }
      if (next === '}') {
        if (this.depth > 1) break;
        this.junk(this.at + 1, 'Nothing is closed by this } here; take it out.', 'toml-array');
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
      this.report('toml-array', node.start, node.end, 'This list is never closed; write ] at its end.');
    }
    return node;
  }

  /** False where the list ends without being closed: at the end of the text, or before a line that is a statement. */
  private skipInArray(): boolean {
    for (;;) {
      const isLineEnd = this.at >= this.text.length || this.at === this.lineEnd();
      if (this.mending && isLineEnd && this.at < this.text.length) {
        const next = this.text.indexOf('\n', this.at) + 1;
        if (next > 0 && this.nextLineStartsStatement(next)) return false;
      }
      if (!this.skipLines()) return this.at < this.text.length;
    }
  }

  /** Whether the next line that is neither blank nor a comment is a statement. Remembered: each line before it asks. */
  private nextLineStartsStatement(lineStart: number): boolean {
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
    this.take('punctuation', this.at + 1);
    let wantsComma = false;
    for (this.blanks(); this.at < this.lineEnd() && this.text[this.at] !== '#'; this.blanks()) {
      const next = this.text[this.at];
      if (next === '}') {
        if (!wantsComma && node.entries.length > 0)
          this.report('toml-inline-table', this.at, this.at + 1, 'Take out the comma before }.');
        this.take('punctuation', this.at + 1);
        node.closed = true;
        break;
      }
      if (next === ',') {
        if (!wantsComma)
          this.report(
            'toml-inline-table',
            this.at,
            this.at + 1,
            'A key = value is missing before this comma; take the comma out.',
          );
        this.take('punctuation', this.at + 1);
        wantsComma = false;
        continue;
      }
      if (next === ']' && this.depth > 1) break;
      if (wantsComma) this.report('toml-inline-table', node.end, this.at, 'Write a comma between two of key = value.');
      const entry = this.entry(false);
      if (entry) node.entries.push(entry);
      wantsComma = true;
      node.end = this.at;
    }
    if (node.closed) node.end = this.at;
    else {
      node.end = Math.max(node.end, node.start + 1);
      this.report(
        'toml-inline-table',
        node.start,
        node.end,
        'Close this table with } on the same line, or give it a [header] of its own.',
      );
    }
    return node;
  }
}
