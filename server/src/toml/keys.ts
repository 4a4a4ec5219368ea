import { MAX_NESTING, type KeyPart, type KeyPath } from './nodes';
import { Scanner } from './scanner';
import { readString, singleExtent, styleAt } from './strings';

export const TOO_DEEP = 'This is nested too deeply.';
const bareKey = /[\w-]+/y;

/** Reads keys: `a.b."c d"`. */
export class KeyParser extends Scanner {
  /** Number of tables that the enclosing keys define. */
  protected keyDepth = 0;

  protected keyPath(): KeyPath {
    this.blanks();
    const start = this.at;
    const parts: KeyPart[] = [];
    for (;;) {
      const part = this.keyPart();
      if (!part) {
        if (parts.length > 0) this.report('toml-key', start, this.at, 'Write a name after the dot.');
        break;
      }
      if (parts.length + this.keyDepth < MAX_NESTING) parts.push(part);
      else if (this.problems.at(-1)?.message !== TOO_DEEP) this.report('toml-key', start, part.end, TOO_DEEP);
      if (this.text[this.afterBlanks()] !== '.') break;
      this.blanks();
      this.take('punctuation', this.at + 1);
      this.blanks();
    }
    const last = parts.at(-1);
    const endsWithDot = this.tokens.at(-1)?.kind === 'punctuation';
    return { start, end: last ? Math.max(last.end, endsWithDot ? this.at : 0) : this.at, parts };
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
    const style = styleAt(this.text, start, false);
    const node = readString(this.text, start, style, singleExtent(this.text, start), (problem) =>
      this.problems.push(problem),
    );
    this.take('key', node.end);
    if (!node.closed) this.report('toml-key', start, node.end, `Close the name with ${quote}.`);
    return { start, end: node.end, name: node.value };
  }
}
