import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver-types';
import type { FormulaDocument } from '../document/formulaDocument';
import { stringIn, type FormulaIndex, type StepEntry } from '../document/formulaIndex';
import { shorten } from '../document/markdown';
import type { Header, Span } from '../../toml/nodes';
import type { Slot, TreeNode } from '../../toml/tree';

/** Maximum number of symbols on the top level of the outline. */
const MAX_SYMBOLS = 5_000;

/** The outline: steps with their children, variables, and the other tables. */
export function documentSymbols(document: FormulaDocument, index: FormulaIndex): DocumentSymbol[] {
  const outline = new Outline(document, index);
  return outline.all();
}

class Outline {
  private readonly childrenOf = new Map<StepEntry, StepEntry[]>();

  constructor(
    private readonly document: FormulaDocument,
    private readonly index: FormulaIndex,
  ) {
    for (const step of index.steps) {
      if (!step.parent) continue;
      const siblings = this.childrenOf.get(step.parent);
      if (siblings) siblings.push(step);
      else this.childrenOf.set(step.parent, [step]);
    }
  }

  all(): DocumentSymbol[] {
    const symbols = [...this.document.tree.root.slots].flatMap(([name, slot]) => this.topLevel(name, slot));
    return symbols.sort((a, b) => a.range.start.line - b.range.start.line).slice(0, MAX_SYMBOLS);
  }

  private topLevel(name: string, { key, node, entry }: Slot): DocumentSymbol[] {
    if (name === 'vars' && node?.kind === 'table') return this.variables(key, node);
    if (name === 'steps' || name === 'template' || name === 'legs')
      return this.index.steps.filter((step) => step.scope === name && !step.parent).map((step) => this.step(step));
    if (node && hasTables(node)) return [this.other(name, key, node)];
    if (name !== 'formula' || !entry) return [];
    const text = node?.kind === 'leaf' && node.value.kind === 'string' ? node.value.value : name;
    return [this.symbol(shorten(text, 80) || name, 'formula', SymbolKind.Namespace, entry, key)];
  }

  private step(step: StepEntry): DocumentSymbol {
    const children = (this.childrenOf.get(step) ?? []).map((child) => this.step(child));
    const place = this.extent(step.node);
    const name = shorten(step.id || step.title || '(no id)', 80);
    return {
      ...this.symbol(
        name,
        step.id ? shorten(step.title, 80) : '',
        step.scope === 'legs' ? SymbolKind.Object : SymbolKind.Function,
        place,
        step.idSpan ?? headerOf(step.node) ?? place,
      ),
      children,
    };
  }

  private variables(key: Span, node: Extract<TreeNode, { kind: 'table' }>): DocumentSymbol[] {
    const children = this.index.variables.map((variable) => {
      const place = variable.node?.kind === 'table' ? this.extent(variable.node) : variable.span;
      const description = variable.node?.kind === 'table' ? (stringIn(variable.node, 'description')?.value ?? '') : '';
      return this.symbol(
        variable.name || '(no name)',
        shorten(description, 80),
        SymbolKind.Variable,
        place,
        variable.span,
      );
    });
    if (node.header)
      return [
        {
          ...this.symbol('vars', '', SymbolKind.Namespace, this.hull([this.extent(node), ...node.spans]), key),
          children,
        },
      ];
    return children;
  }

  private other(name: string, key: Span, node: TreeNode): DocumentSymbol {
    const children =
      node.kind === 'table'
        ? [...node.slots].flatMap(([inner, slot]) =>
            slot.node && hasTables(slot.node) ? [this.other(inner, slot.key, slot.node)] : [],
          )
        : [];
    return {
      ...this.symbol(
        name,
        node.kind === 'list' ? `${node.items.length}` : '',
        node.kind === 'list' ? SymbolKind.Array : SymbolKind.Object,
        this.extent(node),
        key,
      ),
      children,
    };
  }

  /** The range of a node including the tables within it. */
  private extent(node: TreeNode): Span {
    if (node.kind === 'leaf') return node.value;
    const inner =
      node.kind === 'list'
        ? node.items.map((item) => this.extent(item))
        : [...node.slots.values()].flatMap((slot) =>
            slot.node && slot.node.kind !== 'leaf' ? [this.extent(slot.node)] : [],
          );
    return this.hull([...node.spans, ...inner]);
  }

  private hull(spans: readonly Span[]): Span {
    let [start, end] = [Infinity, 0];
    for (const span of spans) [start, end] = [Math.min(start, span.start), Math.max(end, span.end)];
    // Excludes blank lines at the end.
    while (end > start && /\s/.test(this.document.text[end - 1]!)) end--;
    return { start, end };
  }

  private symbol(name: string, detail: string, kind: SymbolKind, place: Span, selection: Span): DocumentSymbol {
    // The range of a symbol must contain its name, or editors refuse the outline.
    const whole = this.hull([place, selection]);
    return {
      name,
      ...(detail ? { detail } : {}),
      kind,
      range: this.document.rangeOf({ start: whole.start, end: Math.max(whole.end, selection.end) }),
      selectionRange: this.document.rangeOf(selection),
    };
  }
}

function hasTables(node: TreeNode): boolean {
  return node.kind === 'table' || (node.kind === 'list' && node.items.some((item) => item.kind === 'table'));
}

function headerOf(node: TreeNode): Header | undefined {
  return node.kind === 'table' ? node.header : undefined;
}
