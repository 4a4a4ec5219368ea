import { FoldingRangeKind, type FoldingRange } from 'vscode-languageserver-types';
import type { FormulaDocument } from '../document/formulaDocument';
import type { Span, Value } from '../../toml/nodes';

/** Maximum number of ranges that editors fold by default. */
const MAX_RANGES = 5_000;

/** Folds tables, strings and arrays of several lines, blocks of comments, and `#region` … `#endregion`. */
export function foldingRanges(document: FormulaDocument): FoldingRange[] {
  const { sections } = document.syntax;
  const found: FoldingRange[] = [];
  const add = (span: Span, kind?: FoldingRangeKind): void => {
    const startLine = document.positionAt(span.start).line;
    const endLine = document.positionAt(span.end).line;
    if (endLine > startLine) found.push({ startLine, endLine, ...(kind ? { kind } : {}) });
  };
  sections.forEach((section) => {
    if (section.header) add({ start: section.start, end: lastOf(document, section) });
    for (const entry of section.entries) values(entry.value, add);
  });
  return [...found, ...comments(document)].slice(0, MAX_RANGES);
}

/** A comment above the next header belongs to that one. */
function lastOf(document: FormulaDocument, section: Span & { entries: readonly Span[]; header?: Span }): number {
  return section.entries.at(-1)?.end ?? section.header?.end ?? document.lineEnd(section.start);
}

function values(value: Value | undefined, add: (span: Span) => void): void {
  if (value?.kind === 'array') value.items.forEach((item) => values(item, add));
  if (value?.kind === 'inline') value.entries.forEach((entry) => values(entry.value, add));
  if (value && value.kind !== 'scalar') add(value);
}

function comments(document: FormulaDocument): FoldingRange[] {
  const found: FoldingRange[] = [];
  const regions: number[] = [];
  let block: { from: number; to: number } | undefined;
  const end = (): void => {
    if (block && block.to > block.from)
      found.push({ startLine: block.from, endLine: block.to, kind: FoldingRangeKind.Comment });
    block = undefined;
  };
  for (const token of document.syntax.tokens) {
    if (token.kind !== 'comment') continue;
    const { line } = document.positionAt(token.start);
    const text = document.text.slice(token.start, token.end);
    if (document.text.slice(document.lineStart(token.start), token.start).trim() !== '') continue;
    if (/^#\s*region\b/.test(text)) {
      end();
      regions.push(line);
    } else if (/^#\s*endregion\b/.test(text)) {
      end();
      const startLine = regions.pop();
      if (startLine !== undefined) found.push({ startLine, endLine: line, kind: FoldingRangeKind.Region });
    } else if (block?.to === line - 1) block.to = line;
    else {
      end();
      block = { from: line, to: line };
    }
  }
  end();
  return found;
}
