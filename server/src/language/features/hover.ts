import { MarkupKind, type Hover } from 'vscode-languageserver-types';
import { wavesOf } from '../../base/graph';
import { isPlainObject } from '../../base/objects';
import type { Path } from '../../formulas/model';
import { keyAt, kindNames, type KeyInfo } from '../../formulas/schema';
import { stepOf, type FormulaIndex, type StepEntry, type VariableEntry } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulaLookup';
import { inlineCode, escapeMarkdown, shorten } from '../document/markdown';
import { pathAt } from '../document/pathAt';
import { symbolAt, type DocumentPosition } from '../document/symbolAt';
import { contains, type Span } from '../../toml/nodes';
import { dataOf } from '../../toml/tree';

/** Information about the step, variable, formula or key at a place. */
export function hover({ document, index, offset }: DocumentPosition, formulas: FormulaLookup): Hover | undefined {
  const symbol = symbolAt(index, offset);
  const made = (lines: readonly string[] | undefined, span: Span): Hover | undefined =>
    lines && { contents: { kind: MarkupKind.Markdown, value: lines.join('\n\n') }, range: document.rangeOf(span) };
  if (symbol?.kind === 'step') {
    const step = symbol.declares ?? stepOf(index, symbol.name, symbol.scope);
    return step && made(stepLines(index, step), symbol.span);
  }
  if (symbol?.kind === 'variable') {
    const variable = index.variables.find((one) => one.name === symbol.name);
    return variable && made(variableLines(index, variable), symbol.span);
  }
  if (symbol?.kind === 'formula') return made(formulaLines(symbol.name, formulas), symbol.span);
  const key = keyUnder({ document, index, offset });
  return key && made(keyLines(key.path, key.info), key.span);
}

function stepLines(index: FormulaIndex, step: StepEntry): string[] {
  if (step.scope === 'legs')
    return [`**${escapeMarkdown(step.id)}**${step.title ? ` — ${escapeMarkdown(shorten(step.title, 200))}` : ''}`];
  const inScope = index.steps.filter((other) => other.scope === step.scope && other.id !== '');
  const needs = neededBy(inScope);
  const { waves } = wavesOf(
    inScope.map((other) => other.id),
    (id) => needs.get(id) ?? [],
  );
  const wave = waves.findIndex((ids) => ids.includes(step.id));
  const dependents = inScope.filter((other) => other.needs.includes(step.id)).map((other) => other.id);
  const children = inScope.filter((other) => other.parent === step).map((other) => other.id);
  const names = (ids: readonly string[]): string =>
    ids.length > 12
      ? `${ids.slice(0, 12).map(inlineCode).join(', ')} … (${ids.length})`
      : ids.map(inlineCode).join(', ');
  return [
    `**${escapeMarkdown(step.id)}**${step.title ? ` — ${escapeMarkdown(shorten(step.title, 200))}` : ''}`,
    [
      wave < 0 ? 'In a cycle' : `Wave ${wave + 1}`,
      step.needs.length > 0 ? `needs ${names([...new Set(step.needs)])}` : 'needs nothing',
      dependents.length > 0 ? `needed by ${names(dependents)}` : 'nothing waits for it',
      ...(children.length > 0 ? [`contains ${names(children)}`] : []),
    ].join(' · '),
  ];
}

/** Needs of each step, including those of its parents. */
function neededBy(steps: readonly StepEntry[]): Map<string, string[]> {
  const all = (step: StepEntry | undefined): string[] => (step ? [...step.needs, ...all(step.parent)] : []);
  return new Map(steps.map((step) => [step.id, all(step)]));
}

function variableLines(index: FormulaIndex, variable: VariableEntry): string[] {
  const raw = variable.node && dataOf(variable.node);
  const data: Record<string, unknown> = isPlainObject(raw) ? raw : { default: raw };
  const textOf = (key: string): string =>
    data[key] === undefined ? '' : typeof data[key] === 'string' ? data[key] : JSON.stringify(data[key]);
  const uses = index.uses.filter((use) => use.name === variable.name).length;
  const facts = [
    data['required'] === true ? 'required' : '',
    data['default'] !== undefined
      ? `default ${textOf('default') === '' ? '(empty)' : inlineCode(textOf('default'))}`
      : '',
    Array.isArray(data['enum']) ? `one of ${data['enum'].map((value) => inlineCode(String(value))).join(', ')}` : '',
    textOf('pattern') ? `matches ${inlineCode(textOf('pattern'))}` : '',
    textOf('type') ? `type ${inlineCode(textOf('type'))}` : '',
    `used ${uses} ${uses === 1 ? 'time' : 'times'}`,
  ];
  return [
    `**{{${escapeMarkdown(variable.name)}}}**${textOf('description') ? ` — ${escapeMarkdown(shorten(textOf('description'), 300))}` : ''}`,
    facts.filter(Boolean).join(' · '),
  ];
}

function formulaLines(name: string, formulas: FormulaLookup): string[] | undefined {
  const found = formulas.tryFind(name);
  if (!found) return undefined;
  const { formula, source } = found;
  const count = formula.steps.length || formula.template.length || formula.legs.length;
  return [
    `**${escapeMarkdown(name)}** (${formula.type}, ${count} steps)`,
    ...(formula.description ? [escapeMarkdown(shorten(formula.description, 400))] : []),
    escapeMarkdown(source),
  ];
}

/** The key of a statement, an inline table or a header under the cursor. */
function keyUnder({ document, offset }: DocumentPosition): { path: Path; info: KeyInfo; span: Span } | undefined {
  const { header } = document.sectionAt(offset);
  if (header && contains(header, offset)) {
    const at = header.key.parts.findIndex((part) => contains(part, offset));
    const path = header.key.parts.slice(0, at + 1).map((part) => part.name);
    const info = at < 0 ? undefined : keyAt(path);
    return info && { path, info, span: header.key.parts[at]! };
  }
  const { path, key } = pathAt(document, offset);
  const info = key && keyAt(path);
  return info && { path, info, span: key };
}

function keyLines(path: Path, info: KeyInfo): string[] {
  return [
    `**${escapeMarkdown(String(path.at(-1)))}** · ${kindNames[info.kind]}${info.required ? ' · required' : ''}`,
    info.doc,
    ...(info.values ? [`One of ${info.values.map(inlineCode).join(', ')}.`] : []),
  ];
}
