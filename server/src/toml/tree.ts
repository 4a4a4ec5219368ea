import type { Entry, Header, KeyPart, Section, Span, Syntax, SyntaxProblem, Value } from './nodes';

/** The meaning of a document's statements: tables, arrays and values by name, each with its position in the text. */
export type TreeNode = TableNode | ListNode | LeafNode;

export interface TableNode {
  kind: 'table';
  /** How the table was defined, which decides which statements may extend it. */
  origin: 'root' | 'implicit' | 'header' | 'dotted' | 'inline';
  slots: Map<string, Slot>;
  /** Its header, braces or keys, and all sections that extend it. */
  spans: Span[];
  header?: Header;
}

export interface ListNode {
  kind: 'list';
  items: TreeNode[];
  /** Its brackets, or the headers of its tables. */
  spans: Span[];
  /** Whether it is defined by `[[…]]`, which may extend it. */
  ofTables: boolean;
}

export interface LeafNode {
  kind: 'leaf';
  value: Exclude<Value, { kind: 'array' | 'inline' }>;
}

/** A name in a table with its value. */
export interface Slot {
  key: KeyPart;
  /** The statement, if the slot has its own. */
  entry?: Entry;
  /** Undefined if the value is still missing. */
  node?: TreeNode;
}

export interface Tree {
  root: TableNode;
  /** Violations of TOML that can still be parsed, such as a key that is defined twice. */
  problems: SyntaxProblem[];
  /** Parts of keys that name tables: before a dot, or last in a `[header]`. */
  tables: KeyPart[];
}

export function buildTree(syntax: Syntax): Tree {
  return new Builder().build(syntax.sections);
}

class Builder {
  private readonly problems: SyntaxProblem[] = [];
  private readonly tables: KeyPart[] = [];

  build(sections: readonly Section[]): Tree {
    const root = table('root', []);
    for (const section of sections) {
      const target = section.header ? this.open(root, section.header, section) : root;
      for (const entry of section.entries) this.add(target, entry);
    }
    return { root, problems: this.problems, tables: this.tables };
  }

  /** The table that a header starts. A header that contradicts earlier ones gets a table outside the tree. */
  private open(root: TableNode, header: Header, section: Section): TableNode {
    const last = header.key.parts.at(-1);
    if (!last) return table('header', [section]);
    if (!header.array) this.tables.push(last);
    let at = root;
    for (const part of header.key.parts.slice(0, -1)) {
      const next = this.enter(at, part, section, 'implicit');
      if (!next) return table('header', [section]);
      at = next;
    }
    return header.array ? this.openItem(at, last, header, section) : this.openTable(at, last, header, section);
  }

  private openItem(at: TableNode, key: KeyPart, header: Header, section: Section): TableNode {
    const item: TableNode = { ...table('header', [section]), header };
    const known = at.slots.get(key.name)?.node;
    if (known?.kind === 'list' && known.ofTables) {
      known.items.push(item);
      known.spans.push(section);
    } else if (known)
      this.reportDuplicate(key, `${key.name} is already defined and is not an array of tables; remove one of the two.`);
    else at.slots.set(key.name, { key, node: { kind: 'list', items: [item], spans: [section], ofTables: true } });
    return item;
  }

  private openTable(at: TableNode, key: KeyPart, header: Header, section: Section): TableNode {
    const slot = at.slots.get(key.name);
    if (slot?.node?.kind === 'table' && slot.node.origin === 'implicit') {
      Object.assign(slot.node, { origin: 'header', header });
      slot.node.spans.push(section);
      return slot.node;
    }
    const made: TableNode = { ...table('header', [section]), header };
    if (!slot?.node) at.slots.set(key.name, { key, node: made });
    else if (slot.node.kind === 'table') {
      this.reportDuplicate(
        key,
        `The table ${header.key.parts.map((part) => part.name).join('.')} is already defined; put its keys together under one header.`,
      );
      return slot.node.origin === 'inline' ? made : slot.node;
    } else this.reportDuplicate(key, `${key.name} is already defined; remove one of the two.`);
    return made;
  }

  private enter(at: TableNode, key: KeyPart, span: Span, origin: 'implicit' | 'dotted'): TableNode | undefined {
    const slot = at.slots.get(key.name);
    const node = slot?.node;
    if (!node) {
      const made = table(origin, [span]);
      if (slot) slot.node = made;
      else at.slots.set(key.name, { key, node: made });
      return made;
    }
    const last = node.kind === 'list' && node.ofTables && origin === 'implicit' ? node.items.at(-1) : node;
    if (last?.kind === 'table' && last.origin !== 'inline' && (origin === 'implicit' || last.origin !== 'header'))
      return last;
    this.reportDuplicate(
      key,
      `${key.name} is already defined and cannot be extended here; write this where it is defined.`,
    );
    return undefined;
  }

  private add(target: TableNode, entry: Entry): void {
    const last = entry.key.parts.at(-1);
    if (!last) return;
    let at = target;
    for (const part of entry.key.parts.slice(0, -1)) {
      this.tables.push(part);
      const next = this.enter(at, part, entry, 'dotted');
      if (!next) return;
      at = next;
    }
    const known = at.slots.get(last.name);
    const node = entry.value && this.node(entry.value);
    if (!known) at.slots.set(last.name, { key: last, entry, ...(node ? { node } : {}) });
    else if (known.node)
      this.reportDuplicate(last, `${last.name} is defined twice in this table; remove one of the two.`);
    else Object.assign(known, { key: last, entry, ...(node ? { node } : {}) });
  }

  private node(value: Value): TreeNode {
    if (value.kind === 'array')
      return { kind: 'list', items: value.items.map((item) => this.node(item)), spans: [value], ofTables: false };
    if (value.kind !== 'inline') return { kind: 'leaf', value };
    const made = table('dotted', [value]);
    for (const entry of value.entries) this.add(made, entry);
    seal(made);
    return made;
  }

  private reportDuplicate(key: KeyPart, message: string): void {
    this.problems.push({ code: 'toml-duplicate', start: key.start, end: key.end, message });
  }
}

function table(origin: TableNode['origin'], spans: Span[]): TableNode {
  return { kind: 'table', origin, slots: new Map(), spans };
}

/** Marks an inline table as complete: it cannot be extended outside its braces. */
function seal(node: TableNode): void {
  node.origin = 'inline';
  for (const { node: inner } of node.slots.values())
    if (inner?.kind === 'table' && inner.origin === 'dotted') seal(inner);
}

/** The data of a tree, as from JSON.parse; unreadable parts are left out. */
export function dataOf(node: TreeNode): unknown {
  if (node.kind === 'leaf') return node.value.kind === 'invalid' ? undefined : node.value.value;
  if (node.kind === 'list') return node.items.map(dataOf).filter((item) => item !== undefined);
  const entries = [...node.slots].flatMap(([name, slot]): [string, unknown][] => {
    const value = slot.node && dataOf(slot.node);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}
