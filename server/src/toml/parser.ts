import type { Header, Section, Syntax } from './nodes';
import { ValueParser } from './values';

/**
 * Parses any text as TOML. Valid text is parsed as TOML; only if there are errors is the text parsed a second
 * time with line-based recovery, so that everything before and after an error is kept. Never throws. Takes time
 * proportional to the length of the text.
 */
export function parseToml(text: string): Syntax {
  const strict = new Parser(text, false).parse();
  return strict.problems.length === 0 ? strict : new Parser(text, true).parse();
}

/** Parses a document: sections of a header and the following lines. */
class Parser extends ValueParser {
  parse(): Syntax {
    if (this.text.startsWith('\uFEFF')) this.take('bom', 1);
    let section: Section = { start: this.at, end: this.at, entries: [] };
    const sections = [section];
    while (this.at < this.text.length && (this.recovering || this.problems.length === 0)) {
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
    if (!closed) this.take('invalid', this.lineEnd());
    return { start, end, key, array, closed };
  }
}
