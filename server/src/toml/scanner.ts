import type { SyntaxCode, SyntaxProblem, Token, TokenKind } from './nodes';

const blanks = /[ \t]+/y;

/**
 * Splits a text into tokens, and collects the problems. The tokens cover the whole text. Takes time proportional to the
 * length of the text, even for very long lines.
 */
export class Scanner {
  protected at = 0;
  protected readonly tokens: Token[] = [];
  protected readonly problems: SyntaxProblem[] = [];
  /** Cache of the last line: where the search for its end started, and its line feed or the end of the text. */
  private line = { from: 0, lineFeed: -1 };

  constructor(protected readonly text: string) {}

  protected take(kind: TokenKind, end: number): void {
    if (end <= this.at) return;
    this.tokens.push({ kind, start: this.at, end });
    this.at = end;
  }

  /** The end of a match of a sticky pattern here; `this.at` without a match. */
  protected match(pattern: RegExp): number {
    pattern.lastIndex = this.at;
    return pattern.test(this.text) ? pattern.lastIndex : this.at;
  }

  protected blanks(): void {
    const code = this.text.charCodeAt(this.at);
    if (code === 32 || code === 9) this.take('whitespace', this.afterBlanks());
  }

  protected afterBlanks(): number {
    return this.match(blanks);
  }

  /** Offset before the line break of this line, or the end of the text. */
  protected lineEnd(): number {
    if (this.at < this.line.from || this.at > this.line.lineFeed) {
      const lineFeed = this.text.indexOf('\n', this.at);
      this.line = { from: this.at, lineFeed: lineFeed < 0 ? this.text.length : lineFeed };
    }
    const { lineFeed } = this.line;
    const isCrlf = lineFeed < this.text.length && lineFeed > this.at && this.text.charCodeAt(lineFeed - 1) === 13;
    return isCrlf ? lineFeed - 1 : lineFeed;
  }

  /** Start of the next line; undefined in the last line. */
  protected nextLineStart(): number | undefined {
    this.lineEnd();
    return this.line.lineFeed < this.text.length ? this.line.lineFeed + 1 : undefined;
  }

  /** Whether nothing but white space and a comment is left on this line. */
  protected isRestOfLineBlank(): boolean {
    const at = this.afterBlanks();
    return at >= this.lineEnd() || this.text[at] === '#';
  }

  /** Skips white space, a comment or a line break; false if there is none of these. */
  protected skipLines(): boolean {
    const start = this.at;
    this.blanks();
    if (this.text[this.at] === '#') this.comment();
    if (this.text[this.at] === '\n') this.take('newline', this.at + 1);
    else if (this.text.startsWith('\r\n', this.at)) this.take('newline', this.at + 2);
    return this.at > start;
  }

  private comment(): void {
    const start = this.at;
    this.take('comment', this.lineEnd());
    const control = /[\u0000-\u0008\u000b-\u001f\u007f]/.exec(this.text.slice(start, this.at));
    if (control)
      this.report(
        'toml-string',
        start + control.index,
        start + control.index + 1,
        'Control characters are not allowed in comments; remove it.',
      );
  }

  protected report(code: SyntaxCode, start: number, end: number, message: string): void {
    this.problems.push({ code, start, end: Math.max(end, start), message });
  }

  /** Adds an invalid token up to `end`. */
  protected takeInvalid(end: number, message: string, code: SyntaxCode = 'toml-statement', start = this.at): void {
    this.take('invalid', end);
    const last = this.problems.at(-1);
    // Consecutive lines of a string without quotes are reported once.
    if (code === 'toml-statement' && last?.code === code && !/\S/.test(this.text.slice(last.end, start)))
      last.end = end;
    else this.report(code, start, end, message);
  }

  protected endOfLine(): void {
    this.blanks();
    const next = this.text[this.at];
    if (next === undefined || next === '\n' || next === '#' || this.text.startsWith('\r\n', this.at)) {
      this.skipLines();
      return;
    }
    this.takeInvalid(this.lineEnd(), 'Nothing may follow on this line; start a new line.');
  }
}
