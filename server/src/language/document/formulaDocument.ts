import type { Position, Range } from 'vscode-languageserver-types';
import type { Path } from '../../formulas/model';
import type { Header, Section, Span, Syntax, Token } from '../../toml/nodes';
import { parseToml } from '../../toml/parser';
import { buildTree, type Slot, type Tree, type TreeNode } from '../../toml/tree';

/** One version of a formula's text, parsed as TOML. Immutable. */
export class FormulaDocument {
  readonly syntax: Syntax;
  readonly tree: Tree;
  private readonly lines: number[];

  constructor(
    readonly uri: string,
    readonly text: string,
  ) {
    this.syntax = parseToml(text);
    this.tree = buildTree(this.syntax);
    this.lines = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lines.push(at + 1);
  }

  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const line = lastIndex(this.lines.length, (index) => this.lines[index]! <= at);
    return { line, character: at - this.lines[line]! };
  }

  offsetAt({ line, character }: Position): number {
    if (line >= this.lines.length) return this.text.length;
    const start = this.lines[Math.max(0, line)]!;
    return Math.min(start + Math.max(0, character), this.lineEnd(start));
  }

  rangeOf({ start, end }: Span): Range {
    return { start: this.positionAt(start), end: this.positionAt(end) };
  }

  lineStart(offset: number): number {
    return this.text.lastIndexOf('\n', offset - 1) + 1;
  }

  lineEnd(offset: number): number {
    const end = this.text.indexOf('\n', offset);
    if (end < 0) return this.text.length;
    return end > offset && this.text[end - 1] === '\r' ? end - 1 : end;
  }

  /** The section at an offset; the first section has no header. */
  sectionAt(offset: number): Section {
    return lastAtOrBefore(this.syntax.sections, offset) ?? this.syntax.sections[0]!;
  }

  /** The token that ends at an offset, or contains it. */
  tokenBefore(offset: number): Token | undefined {
    return lastAtOrBefore(this.syntax.tokens, offset - 1);
  }

  /** The path of the table that a header starts, with the index of the last table so far for each array. */
  pathOf(header: Header | undefined): Path {
    return (header && this.headerPaths().get(header)) ?? [];
  }

  private paths: Map<Header, Path> | undefined;

  private headerPaths(): Map<Header, Path> {
    if (this.paths) return this.paths;
    const counts = new Map<string, number>();
    this.paths = new Map();
    for (const { header } of this.syntax.sections) {
      if (!header) continue;
      const path: (string | number)[] = [];
      header.key.parts.forEach(({ name }, index) => {
        path.push(name);
        const key = JSON.stringify(path);
        const isNew = header.array && index === header.key.parts.length - 1;
        if (isNew) counts.set(key, (counts.get(key) ?? -1) + 1);
        const count = counts.get(key);
        if (count !== undefined) path.push(count);
      });
      this.paths.set(header, path);
    }
    return this.paths;
  }

  /** The node at a path, or the deepest existing one. */
  locate(path: Path): Located {
    let node: TreeNode | undefined = this.tree.root;
    let slot: Slot | undefined;
    let depth = 0;
    for (const part of path) {
      let next: TreeNode | undefined;
      if (node?.kind === 'table' && typeof part === 'string') {
        const inner = node.slots.get(part);
        if (!inner) break;
        slot = inner;
        next = inner.node;
      } else if (node?.kind === 'list' && typeof part === 'number') {
        next = node.items[part];
        if (!next) break;
        slot = undefined;
      } else break;
      node = next;
      depth += 1;
    }
    return { depth, whole: depth === path.length, ...(node ? { node } : {}), ...(slot ? { slot } : {}) };
  }
}

export interface Located {
  /** Number of parts of the path that were found. */
  depth: number;
  whole: boolean;
  /** The last node that was found; missing if a key has no value yet. */
  node?: TreeNode;
  slot?: Slot;
}

/** The last of these spans, which follow each other, that starts at or before an offset. */
function lastAtOrBefore<T extends Span>(spans: readonly T[], offset: number): T | undefined {
  return spans[lastIndex(spans.length, (index) => spans[index]!.start <= offset)];
}

/**
 * The last index that satisfies a condition, which must be true up to some index and false after it; -1 if there is
 * none.
 */
function lastIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [-1, length];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The span to underline for a node: a value, or the header of a table. */
export function spanOfNode(node: TreeNode): Span | undefined {
  if (node.kind === 'leaf') return node.value;
  if (node.kind === 'table' && node.header) return node.header;
  return node.spans[0];
}

/** Every string with its path, in text order. */
export function* strings(
  node: TreeNode,
  path: Path = [],
): Generator<{ path: Path; node: Extract<TreeNode, { kind: 'leaf' }> }> {
  if (node.kind === 'leaf') yield { path, node };
  else if (node.kind === 'list')
    for (const [index, item] of node.items.entries()) yield* strings(item, [...path, index]);
  else for (const [name, slot] of node.slots) if (slot.node) yield* strings(slot.node, [...path, name]);
}
