/** The parts of a TOML document and their positions. Offsets are in UTF-16 units of the text, as editors count them. */

/** Maximum nesting of tables and arrays: more than is useful, and far below the limit of the call stack. */
export const MAX_NESTING = 100;

export interface Span {
  start: number;
  /** After the last character. */
  end: number;
}

export type TokenKind =
  | 'bom'
  | 'whitespace'
  | 'newline'
  | 'comment'
  | 'key'
  | 'string'
  | 'scalar'
  | 'punctuation'
  /** Text that cannot be read. */
  | 'invalid';

/** Tokens follow each other without a gap: together they are the whole text. */
export interface Token extends Span {
  kind: TokenKind;
}

export interface SyntaxProblem extends Span {
  code: SyntaxCode;
  /** The message, with what to do. */
  message: string;
}

export type SyntaxCode =
  | 'toml-string'
  | 'toml-value'
  | 'toml-array'
  | 'toml-inline-table'
  | 'toml-header'
  | 'toml-key'
  | 'toml-statement'
  | 'toml-duplicate';

export type StringStyle = 'basic' | 'literal' | 'multi-basic' | 'multi-literal';

export interface StringValue extends Span {
  kind: 'string';
  style: StringStyle;
  closed: boolean;
  /** Span between the quotes; without the newline that may follow the opening ones. */
  content: Span;
  value: string;
  /** The offset in the text of each unit of the value; omitted if they follow each other without escapes. */
  offsets?: readonly number[];
}

export interface ScalarValue extends Span {
  kind: 'scalar';
  type: 'integer' | 'float' | 'boolean' | 'date';
  value: string | number | boolean;
}

export interface ArrayValue extends Span {
  kind: 'array';
  items: Value[];
  closed: boolean;
}

export interface InlineTable extends Span {
  kind: 'inline';
  entries: Entry[];
  closed: boolean;
}

/** Invalid text in place of a value. */
export interface InvalidValue extends Span {
  kind: 'invalid';
}

export type Value = StringValue | ScalarValue | ArrayValue | InlineTable | InvalidValue;

export interface KeyPart extends Span {
  name: string;
}

/** A key such as `a.b."c d"`; without parts if the name is still missing. */
export interface KeyPath extends Span {
  parts: KeyPart[];
}

export interface Entry extends Span {
  key: KeyPath;
  /** The offset of the `=`, if there is one. */
  equals?: number;
  value?: Value;
}

export interface Header extends Span {
  key: KeyPath;
  /** Whether it is `[[…]]`. */
  array: boolean;
  closed: boolean;
}

/** A header with the lines up to the next one; the first section has no header. */
export interface Section extends Span {
  header?: Header;
  entries: Entry[];
}

export interface Syntax {
  text: string;
  tokens: Token[];
  sections: Section[];
  problems: SyntaxProblem[];
}

/** The offset in the text of a unit of a string's value; for the index after the last unit, the end of the content. */
export function offsetInString(node: StringValue, index: number): number {
  if (!node.offsets) return Math.min(node.content.start + index, node.content.end);
  return node.offsets[index] ?? node.content.end;
}

export function contains(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}
