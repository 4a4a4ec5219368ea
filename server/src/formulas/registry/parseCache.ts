import { parseFormula, type ParsedFormula } from '../load/parse';
import type { Format } from '../load/readData';

/** Characters of all texts that are remembered. What is made of a text takes about ten times its memory. */
const MAX_CHARS = 4_000_000;

/** What texts were parsed to, by their source, for those who look again and again. Forgets the oldest. */
export class ParseCache {
  private readonly entries = new Map<string, { text: string; parsed: ParsedFormula }>();
  private chars = 0;

  parse(source: string, text: string, format: Format): ParsedFormula {
    const known = this.entries.get(source);
    if (known?.text === text) return known.parsed;
    this.forget(source);
    const parsed = parseFormula(text, format);
    this.entries.set(source, { text, parsed });
    this.chars += text.length;
    for (const oldest of this.entries.keys()) {
      if (this.chars <= MAX_CHARS) break;
      this.forget(oldest);
    }
    return parsed;
  }

  private forget(source: string): void {
    this.chars -= this.entries.get(source)?.text.length ?? 0;
    this.entries.delete(source);
  }
}
