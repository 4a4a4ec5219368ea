import { InsertTextFormat, type CompletionItem, type TextEdit } from 'vscode-languageserver-types';
import type { Span, StringValue } from '../../../toml/nodes';
import type { FormulaDocument } from '../../document/formulaDocument';
import type { DocumentPosition } from '../../document/symbolAt';

/** Characters of words by place. */
export const wordLetters = {
  key: /[\w-]/,
  variable: /\w/,
  target: /[\w.]/,
  /** Within a string: up to the next blank, comma, quote or bracket. */
  text: /[^\s,"'()[\]]/,
} as const;

/** Turns items into edits of the text around the cursor. */
export class CompletionEdits {
  private readonly document: FormulaDocument;
  private readonly offset: number;

  /** @param snippets whether the editor fills in places with Tab */
  constructor(
    { document, offset }: DocumentPosition,
    private readonly snippets: boolean,
  ) {
    [this.document, this.offset] = [document, offset];
  }

  /** The span from a number of characters before the cursor to the end of the word after it. */
  around(typed: number, letter: RegExp): Span {
    let end = this.offset;
    while (end < this.document.text.length && letter.test(this.document.text[end]!)) end++;
    return { start: this.offset - typed, end };
  }

  /** The word at the cursor. */
  word(letter: RegExp, from = 0): Span {
    let start = this.offset;
    while (start > from && letter.test(this.document.text[start - 1]!)) start--;
    return { ...this.around(0, letter), start };
  }

  /** The word at the cursor within a string. */
  wordInString(value: StringValue): Span {
    const { start, end } = this.word(wordLetters.text, value.content.start);
    return { start, end: value.closed ? Math.min(end, value.content.end) : end };
  }

  /** The closing quote that is inserted with a completion if it is missing. */
  missingQuote(value: StringValue): string {
    return value.closed || value.style.startsWith('multi') ? '' : this.document.text[value.start]!;
  }

  /** An edit with the item's own `insertText`. */
  filledIn(item: CompletionItem, span: Span): CompletionItem {
    return this.edited(item, span, item.insertText ?? item.label, { snippet: item.insertText !== undefined });
  }

  /**
   * An edit. @param text that replaces the span
   * @param snippet whether `$1` in the text is a placeholder
   * @param suffix inserted after the text
   */
  edited(
    item: CompletionItem,
    span: Span,
    text: string,
    { suffix = '', snippet = false }: { suffix?: string; snippet?: boolean } = {},
  ): CompletionItem {
    const isSnippet = snippet && text.includes('$');
    const newText = isSnippet && !this.snippets ? withoutPlaceholders(text) : text;
    const range = this.document.rangeOf(span);
    // Editors do not accept a range over several lines for a completion.
    const end = range.end.line === range.start.line ? range.end : this.document.positionAt(this.offset);
    const { insertText: _, ...rest } = item;
    return {
      filterText: item.label,
      ...rest,
      textEdit: { range: { start: range.start, end }, newText: newText + suffix },
      ...(isSnippet && this.snippets ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
    };
  }

  /** Removes all items if the only matching one is already written: Enter then starts a new line. */
  withoutNoops(items: CompletionItem[]): CompletionItem[] {
    const editOf = (item: CompletionItem): TextEdit => item.textEdit as TextEdit;
    const isThere = (item: CompletionItem): boolean => {
      const { newText, range } = editOf(item);
      return (
        this.document.text.slice(this.document.offsetAt(range.start), this.document.offsetAt(range.end)) === newText
      );
    };
    const isMeant = (item: CompletionItem): boolean => {
      const typed = this.document.text.slice(this.document.offsetAt(editOf(item).range.start), this.offset);
      return typed.length <= MAX_TYPED && isSubsequence(typed, item.filterText ?? item.label);
    };
    return items.some(isThere) && !items.some((item) => !isThere(item) && isMeant(item)) ? [] : items;
  }
}

/** Longer words match no item. */
const MAX_TYPED = 200;

/** Whether a typed text matches, by the rule with which editors filter items. */
function isSubsequence(typed: string, text: string): boolean {
  const rest = text.toLowerCase();
  let at = 0;
  for (const letter of typed.trimStart().toLowerCase()) {
    at = rest.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** `${1:name}` → `name`, `${1|a,b|}` → `a`, `$0` → nothing. */
function withoutPlaceholders(snippet: string): string {
  return snippet.replace(/\$\{\d+\|([^,|}]*)[^}]*\}|\$\{\d+:?([^}]*)\}|\$\d+/g, '$1$2');
}
