import type { Range, WorkspaceEdit } from 'vscode-languageserver-types';
import { UserError } from '../../base/errors';
import { stepIdPattern } from '../../formulas/check/steps';
import { variableName } from '../../formulas/cook/variables';
import { limits } from '../../formulas/limits';
import { declarations, symbolAt, usages, type DocumentPosition, type NamedSymbol } from '../document/symbolAt';

/** The range to rename. @throws UserError if the symbol is not defined in this file */
export function prepareRename({ document, index, offset }: DocumentPosition): { range: Range; placeholder: string } {
  const symbol = requireRenamable(symbolAt(index, offset));
  return { range: document.rangeOf(symbol.span), placeholder: symbol.name };
}

/** Renames a step or a variable in the document. @throws UserError if the new name exists already or is invalid */
export function rename({ document, index, offset }: DocumentPosition, name: string): WorkspaceEdit {
  const symbol = requireRenamable(symbolAt(index, offset));
  const others = declarations(index, { ...symbol, name });
  if (symbol.name !== name && others.length > 0)
    throw new UserError(`A ${symbol.kind} ${name} exists already.`, undefined, 'conflict');
  if (symbol.kind === 'step' && (!stepIdPattern.test(name) || name.length > limits.idChars))
    throw new UserError('An id consists of letters, digits, dots, hyphens, colons and underscores.');
  if (symbol.kind === 'variable' && !variableName.test(name))
    throw new UserError('The name of a variable consists of letters, digits and _, and does not start with a digit.');
  const spans = [...declarations(index, symbol), ...usages(index, symbol)];
  const once = [...new Map(spans.map((span) => [span.start, span])).values()];
  return { changes: { [document.uri]: once.map((span) => ({ range: document.rangeOf(span), newText: name })) } };
}

function requireRenamable(symbol: NamedSymbol | undefined): Exclude<NamedSymbol, { kind: 'formula' }> {
  if (!symbol || symbol.kind === 'formula')
    throw new UserError('Only ids of steps and names of variables can be renamed.', undefined, 'refused');
  return symbol;
}
