import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver-types';
import type { FormulaDocument } from '../document/formulaDocument';
import { stringIn, type FormulaIndex, type StepEntry } from '../document/formulaIndex';
import { shorten } from '../document/markdown';
import type { Header, Span } from '../../toml/nodes';
import type { TreeNode } from '../../toml/tree';

/** The outline: steps with what is within them, variables, and the other tables. */
export function documentSymbols(document: FormulaDocument, index: FormulaIndex): DocumentSymbol[] {
  const outline = new Outline(document, index);
  return outline.all();
}

class Outline {
  constructor(
    private readonly document: FormulaDocument,
    private readonly index: FormulaIndex,
  ) {}

  all(): DocumentSymbol[] {
    const symbols: DocumentSymbol[] = [];
    for (const [name, { key, node, entry }] of this.document.tree.root.slots) {
      if (name === 'vars' && node?.kind === 'table') symbols.push(...this.variables(key, node));
      else if (name === 'steps' || name === 'template' || name === 'legs')
        symbols.push(
          ...this.index.steps.filter((step) => step.scope === name && !step.parent).map((step) => this.step(step)),
        );
      else if (node && hasTables(node)) symbols.push(this.other(name, key, node));
      else if (name === 'formula' && entry)
        symbols.push(
          this.symbol(
            node?.kind === 'leaf' && node.value.kind === 'string' ? node.value.value : name,
            'formula',
            SymbolKind.Namespace,
            entry,
            key,
          ),
        );
    }
    return symbols.sort((a, b) => a.range.start.line - b.range.start.line);
  }

  private step(step: StepEntry): DocumentSymbol {
    const children = this.index.steps.filter((other) => other.parent === step).map((other) => this.step(other));
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

  /** Everything that belongs to a node, with the tables within it. */
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
    const start = Math.min(...spans.map((span) => span.start));
    const end = Math.max(...spans.map((span) => span.end));
    return { start, end: start + this.document.text.slice(start, end).trimEnd().length };
  }

  private symbol(name: string, detail: string, kind: SymbolKind, place: Span, selection: Span): DocumentSymbol {
    // Editors refuse an outline in which a name stands outside what it names.
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
