import type { FormulaDocument } from './formulaDocument';
import type { FormulaIndex, Scope, StepEntry } from './formulaIndex';
import { contains, type Span } from '../../toml/nodes';

/** A named symbol at a place: a step, a variable, or another formula. */
export type NamedSymbol =
  | { kind: 'step'; name: string; scope: Scope; span: Span; declares?: StepEntry }
  | { kind: 'variable'; name: string; span: Span }
  | { kind: 'formula'; name: string; span: Span };

export function symbolAt(index: FormulaIndex, offset: number): NamedSymbol | undefined {
  const use = index.uses.find((one) => contains(one, offset));
  if (use) return { kind: 'variable', name: use.name, span: use };
  const variable = index.variables.find((one) => contains(one.span, offset));
  if (variable) return { kind: 'variable', name: variable.name, span: variable.span };
  const step = index.steps.find((one) => one.idSpan && contains(one.idSpan, offset));
  if (step?.idSpan) return { kind: 'step', name: step.id, scope: step.scope, span: step.idSpan, declares: step };
  const reference = index.references.find((one) => contains(one, offset));
  if (reference) return { kind: 'step', name: reference.id, scope: reference.scope, span: reference };
  const formula = index.formulas.find((one) => contains(one, offset));
  return formula && { kind: 'formula', name: formula.name, span: formula };
}

/** The definitions of a symbol; several if an id is defined twice. */
export function declarations(index: FormulaIndex, symbol: NamedSymbol): Span[] {
  if (symbol.kind === 'formula') return [];
  if (symbol.kind === 'variable')
    return index.variables.filter((variable) => variable.name === symbol.name).map((variable) => variable.span);
  return index.steps.flatMap((step) =>
    step.scope === symbol.scope && step.id === symbol.name && step.idSpan ? [step.idSpan] : [],
  );
}

export function usages(index: FormulaIndex, symbol: NamedSymbol): Span[] {
  if (symbol.kind === 'formula') return index.formulas.filter((formula) => formula.name === symbol.name);
  if (symbol.kind === 'variable') return index.uses.filter((use) => use.name === symbol.name);
  return index.references.filter((reference) => reference.scope === symbol.scope && reference.id === symbol.name);
}

/** A position in a document, with the index of the document: the input of most features. */
export interface DocumentPosition {
  document: FormulaDocument;
  index: FormulaIndex;
  offset: number;
}
