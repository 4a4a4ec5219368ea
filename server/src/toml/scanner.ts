import type { SyntaxCode, SyntaxProblem, Token, TokenKind } from './nodes';

const blanks = /[ \t]+/y;

/**
 * Goes through a text token by token, and notes what is wrong. Nothing is left out: tokens cover the whole text.
 * Takes time proportional to the length of the text, also where a line is as long as the text.
 */
export class Scanner {
  protected at = 0;
  protected readonly tokens: Token[] = [];
  protected readonly problems: SyntaxProblem[] = [];
  /** The line that was looked at last: from where its end was searched, and its line feed or the end of the text. */
  private line = { from: 0, lineFeed: -1 };

  constructor(protected readonly text: string) {}

  protected take(kind: TokenKind, end: number): void {
    if (end <= this.at) return;
    this.tokens.push({ kind, start: this.at, end });
    this.at = end;
  }

  /** The end of a match of a sticky pattern here; `this.at` where it does not match. */
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

  /** Before the line break of this line, or at the end of the text. */
  protected lineEnd(): number {
    if (this.at < this.line.from || this.at > this.line.lineFeed) {
      const lineFeed = this.text.indexOf('\n', this.at);
      this.line = { from: this.at, lineFeed: lineFeed < 0 ? this.text.length : lineFeed };
    }
    const { lineFeed } = this.line;
    const isCrlf = lineFeed < this.text.length && lineFeed > this.at && this.text.charCodeAt(lineFeed - 1) === 13;
    return isCrlf ? lineFeed - 1 : lineFeed;
  }

  /** Where the next line starts; undefined in the last line. */
  protected nextLineStart(): number | undefined {
    this.lineEnd();
    return this.line.lineFeed < this.text.length ? this.line.lineFeed + 1 : undefined;
  }

  /** Whether nothing but white space and a comment is left on this line. */
  protected isRestOfLineBlank(): boolean {
    const at = this.afterBlanks();
    return at >= this.lineEnd() || this.text[at] === '#';
  }

  /** White space, a comment or a line break; false where there is none of them. */
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

  /** Takes what cannot be read, up to `end`. */
  protected takeInvalid(end: number, message: string, code: SyntaxCode = 'toml-statement', start = this.at): void {
    this.take('invalid', end);
    const last = this.problems.at(-1);
    // Lines of a string that lost its quotes are one mistake, not one each.
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
