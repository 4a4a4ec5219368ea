/** What stands in a TOML document, where. Offsets are those of the text, in UTF-16 units as editors count them. */

/** Tables and lists within each other: several times what anybody reads, and far from the end of the call stack. */
export const MAX_NESTING = 100;

export interface Span {
  start: number;
  /** Behind the last character. */
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
  | 'junk';

/** Tokens follow each other without a gap: together they are the whole text. */
export interface Token extends Span {
  kind: TokenKind;
}

export interface SyntaxProblem extends Span {
  code: SyntaxCode;
  /** Says what to do. */
  message: string;
}

export type SyntaxCode =
  | 'toml-string'
  | 'toml-value'
  | 'toml-array'
  | 'toml-inline-table'
  | 'toml-header'
  | 'toml-key'
  | 'toml-junk'
  | 'toml-duplicate';

export type StringStyle = 'basic' | 'literal' | 'multi-basic' | 'multi-literal';

export interface StringValue extends Span {
  kind: 'string';
  style: StringStyle;
  closed: boolean;
  /** Between the quotes; without the newline that may follow the opening ones. */
  content: Span;
  value: string;
  /** Where each unit of the value stands in the text; left out where they follow each other. */
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

/** Something stands there, and it is no value. */
export interface InvalidValue extends Span {
  kind: 'invalid';
}

export type Value = StringValue | ScalarValue | ArrayValue | InlineTable | InvalidValue;

export interface KeyPart extends Span {
  name: string;
}

/** `a.b."c d"`; without parts where a name is still missing. */
export interface KeyPath extends Span {
  parts: KeyPart[];
}

export interface Entry extends Span {
  key: KeyPath;
  /** Where the `=` stands, if it does. */
  equals?: number;
  value?: Value;
}

export interface Header extends Span {
  key: KeyPath;
  /** `[[…]]` */
  array: boolean;
  closed: boolean;
}

/** A header with what follows it up to the next; the first section has none. */
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

/** Where a unit of a string's value stands in the text; its end for the index behind the last. */
export function offsetInString(node: StringValue, index: number): number {
  if (!node.offsets) return Math.min(node.content.start + index, node.content.end);
  return node.offsets[index] ?? node.content.end;
}

export function contains(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}
