import type { Path } from '../../formulas/model';
import type { FormulaDocument } from './formulaDocument';
import { contains, type Entry, type KeyPart, type Span, type Value } from '../../toml/nodes';

/** The position of an offset in the data. */
export interface PathAt {
  path: Path;
  /** The part of a key at the offset. */
  key?: KeyPart;
  /** The innermost value at the offset. */
  value?: Value;
  /** The statement, or the pair in an inline table, at the offset. */
  entry?: Entry;
  /** Set if a key could be written here: on a free line, or between the braces of an inline table. */
  free?: 'line' | 'inline';
}

export function pathAt(document: FormulaDocument, offset: number): PathAt {
  const section = document.sectionAt(offset);
  const base = document.pathOf(section.header);
  const entry = section.entries.findLast((one) => reaches(document, one, offset));
  if (entry) return inEntry(document, entry, base, offset);
  const isFree = /^[ \t]*[\w-]*$/.test(document.text.slice(document.lineStart(offset), offset));
  return { path: base, ...(isFree ? { free: 'line' } : {}) };
}

/** Whether an offset belongs to a statement: within it, or after it if its value is missing or its array still open. */
function reaches(document: FormulaDocument, entry: Entry, offset: number): boolean {
  if (offset < entry.start) return false;
  if (offset <= entry.end) return true;
  const between = document.text.slice(entry.end, offset);
  if (isOpen(entry.value)) return /^[\s,]*$/.test(between);
  return entry.equals !== undefined && !entry.value && /^[ \t]*$/.test(between);
}

function isOpen(value: Value | undefined): boolean {
  return (value?.kind === 'array' || value?.kind === 'inline') && !value.closed;
}

function inEntry(document: FormulaDocument, entry: Entry, base: Path, offset: number): PathAt {
  const part = entry.key.parts.findIndex((one) => contains(one, offset));
  if (part >= 0 && (entry.equals === undefined || offset <= entry.equals)) {
    return {
      path: [...base, ...entry.key.parts.slice(0, part + 1).map((one) => one.name)],
      key: entry.key.parts[part]!,
      entry,
    };
  }
  const path = [...base, ...entry.key.parts.map((one) => one.name)];
  const inside = entry.value && inValue(document, entry.value, path, offset);
  return { entry, ...(inside ?? { path }) };
}

function inValue(document: FormulaDocument, value: Value, path: Path, offset: number): PathAt {
  const within = (span: Span & { closed?: boolean }): boolean =>
    offset > span.start && (offset < span.end || span.closed === false);
  if (value.kind === 'array' && within(value)) {
    const index = value.items.findIndex((item) => contains(item, offset) || (isOpen(item) && offset > item.end));
    if (index >= 0) return inValue(document, value.items[index]!, [...path, index], offset);
    return { path: [...path, value.items.filter((item) => item.end <= offset).length], value };
  }
  if (value.kind === 'inline' && within(value)) {
    const entry = value.entries.find((one) => reaches(document, one, offset));
    return entry ? inEntry(document, entry, path, offset) : { path, value, free: 'inline' };
  }
  return { path, value };
}
