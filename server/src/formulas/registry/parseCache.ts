import { parseFormula, type ParsedFormula } from '../load/parse';
import type { Format } from '../load/readData';

/**
 * Maximum number of characters of all cached texts. A parsed formula takes up to a hundred times the memory of its
 * text.
 */
const MAX_CHARS = 1_000_000;

/** Parsed formulas by their source, for as long as the text is the same. Evicts the oldest. */
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
