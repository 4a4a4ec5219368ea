import { DocumentHighlightKind, type DocumentHighlight, type Location } from 'vscode-languageserver-types';
import { declarations, symbolAt, usages, type DocumentPosition } from '../document/symbolAt';

/** The definitions of the step or variable at a place; several if an id is defined twice. */
export function definition({ document, index, offset }: DocumentPosition): Location[] {
  const symbol = symbolAt(index, offset);
  return symbol
    ? declarations(index, symbol).map((span) => ({ uri: document.uri, range: document.rangeOf(span) }))
    : [];
}

/** The references to the symbol at a place. */
export function references({ document, index, offset }: DocumentPosition, withDeclaration: boolean): Location[] {
  const symbol = symbolAt(index, offset);
  if (!symbol) return [];
  const spans = [...(withDeclaration ? declarations(index, symbol) : []), ...usages(index, symbol)];
  return spans.map((span) => ({ uri: document.uri, range: document.rangeOf(span) }));
}

/** The references for highlighting: definitions as writes, uses as reads. */
export function highlights({ document, index, offset }: DocumentPosition): DocumentHighlight[] {
  const symbol = symbolAt(index, offset);
  if (!symbol) return [];
  return [
    ...declarations(index, symbol).map((span) => ({
      range: document.rangeOf(span),
      kind: DocumentHighlightKind.Write,
    })),
    ...usages(index, symbol).map((span) => ({ range: document.rangeOf(span), kind: DocumentHighlightKind.Read })),
  ];
}
