import {
  DocumentHighlightKind,
  type DocumentHighlight,
  type Location,
  type Range,
  type WorkspaceEdit,
} from 'vscode-languageserver-types';
import { variableName } from '../../formulas/cook/variables';
import { stepId } from '../../formulas/check/validate';
import { declarations, symbolAt, usages, type NamedSymbol, type DocumentPosition } from '../document/symbolAt';

export function definition({ document, index, offset }: DocumentPosition): Location[] {
  const symbol = symbolAt(index, offset);
  return symbol
    ? declarations(index, symbol).map((span) => ({ uri: document.uri, range: document.rangeOf(span) }))
    : [];
}

export function references({ document, index, offset }: DocumentPosition, withDeclaration: boolean): Location[] {
  const symbol = symbolAt(index, offset);
  if (!symbol) return [];
  const spans = [...(withDeclaration ? declarations(index, symbol) : []), ...usages(index, symbol)];
  return spans.map((span) => ({ uri: document.uri, range: document.rangeOf(span) }));
}

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

/** Why a name cannot be given; shown to the person who asked for it. */
export class RenameRefused extends Error {}

/** What would be renamed. @throws RenameRefused where there is nothing of this file's */
export function prepareRename({ document, index, offset }: DocumentPosition): { range: Range; placeholder: string } {
  const symbol = renamable(symbolAt(index, offset));
  return { range: document.rangeOf(symbol.span), placeholder: symbol.name };
}

/** @throws RenameRefused */
export function rename({ document, index, offset }: DocumentPosition, name: string): WorkspaceEdit {
  const symbol = renamable(symbolAt(index, offset));
  const others = declarations(index, { ...symbol, name });
  if (symbol.name !== name && others.length > 0) throw new RenameRefused(`There is a ${symbol.kind} ${name} already.`);
  if (symbol.kind === 'step' && !stepId.test(name))
    throw new RenameRefused('An id may hold letters, digits, dots, hyphens, colons and underscores.');
  if (symbol.kind === 'variable' && !variableName.test(name))
    throw new RenameRefused("A variable's name is made of letters, digits and _, and does not begin with a digit.");
  const spans = [...declarations(index, symbol), ...usages(index, symbol)];
  const unique = [...new Map(spans.map((span) => [span.start, span])).values()];
  return { changes: { [document.uri]: unique.map((span) => ({ range: document.rangeOf(span), newText: name })) } };
}

function renamable(symbol: NamedSymbol | undefined): Exclude<NamedSymbol, { kind: 'formula' }> {
  if (!symbol || symbol.kind === 'formula')
    throw new RenameRefused('Only the ids of steps and the names of variables can be renamed.');
  return symbol;
}
