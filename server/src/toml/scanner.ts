import type { SyntaxCode, SyntaxProblem, Token, TokenKind } from './nodes';

const blanks = /[ \t]+/y;

/** Goes through a text token by token, and notes what is wrong. Nothing is passed over: tokens cover the whole text. */
export class Scanner {
  protected at = 0;
  protected readonly tokens: Token[] = [];
  protected readonly problems: SyntaxProblem[] = [];

  constructor(protected readonly text: string) {}

  protected take(kind: TokenKind, end: number): void {
    if (end <= this.at) return;
    this.tokens.push({ kind, start: this.at, end });
    this.at = end;
  }

  protected match(pattern: RegExp): number {
    pattern.lastIndex = this.at;
    return pattern.test(this.text) ? pattern.lastIndex : this.at;
  }

  protected blanks(): void {
    const code = this.text.charCodeAt(this.at);
    if (code === 32 || code === 9) this.take('whitespace', this.behindBlanks());
  }

  protected behindBlanks(): number {
    return this.match(blanks);
  }

  protected lineEnd(): number {
    const end = this.text.indexOf('\n', this.at);
    if (end < 0) return this.text.length;
    return end > this.at && this.text.charCodeAt(end - 1) === 13 ? end - 1 : end;
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
        'This character cannot be seen and must not stand in a comment; take it out.',
      );
  }

  protected report(code: SyntaxCode, start: number, end: number, message: string): void {
    this.problems.push({ code, start, end: Math.max(end, start), message });
  }

  protected junk(end: number, message: string, code: SyntaxCode = 'toml-junk', start = this.at): void {
    this.take('junk', end);
    const last = this.problems.at(-1);
    // Lines of a text that lost its quotes are one mistake, not one each.
    if (code === 'toml-junk' && last?.code === 'toml-junk' && !/\S/.test(this.text.slice(last.end, start)))
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
    this.junk(this.lineEnd(), 'Nothing may follow here on the line; begin a new line.');
  }
}
