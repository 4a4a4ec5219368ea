import { CompletionItemKind, MarkupKind, type CompletionItem } from 'vscode-languageserver-types';
import { limits } from '../../../formulas/limits';
import type { Path } from '../../../formulas/model';
import { keyAt, kindNames, schema, tableKindAt, type KeyInfo } from '../../../formulas/schema';
import { contains, type Span, type StringValue } from '../../../toml/nodes';
import type { FormulaDocument } from '../../document/formulaDocument';
import type { FormulaIndex } from '../../document/formulaIndex';
import type { FormulaLookup } from '../../document/formulaLookup';
import { pathAt, type PathAt } from '../../document/pathAt';
import type { DocumentPosition } from '../../document/symbolAt';
import { Candidates } from './candidates';
import { CompletionEdits, wordLetters } from './edits';
import { headerItems, snippetItems } from './tables';

export interface CompletionOptions {
  formulas: FormulaLookup;
  /** Whether the editor fills in places with Tab. */
  snippets: boolean;
  /** Whether a typed trigger character requested the completion, not the user. */
  triggered?: boolean;
}

/** Completions at a position, also in an incomplete document. */
export function completion(position: DocumentPosition, options: CompletionOptions): CompletionItem[] {
  const { document, offset } = position;
  const token = document.tokenBefore(offset);
  if (token?.kind === 'comment') return [];
  const made = new Completion(position, options);
  return made.edits.withoutNoops(itemsAt(made, document, offset));
}

function itemsAt(made: Completion, document: FormulaDocument, offset: number): CompletionItem[] {
  const { header } = document.sectionAt(offset);
  if (header && offset > header.start && offset <= document.lineEnd(header.start))
    return offset <= header.end || !header.closed
      ? made.headers({ start: header.start, end: document.lineEnd(header.start) })
      : [];
  return made.at(pathAt(document, offset));
}

/** Number of characters before the cursor in which an open brace is searched. */
const LOOK_BACK = 200;

class Completion {
  readonly edits: CompletionEdits;
  private readonly candidates: Candidates;
  private readonly document: FormulaDocument;
  private readonly index: FormulaIndex;
  private readonly offset: number;

  constructor(
    position: DocumentPosition,
    private readonly options: CompletionOptions,
  ) {
    this.edits = new CompletionEdits(position, options.snippets);
    this.candidates = new Candidates(position, options.formulas);
    [this.document, this.index, this.offset] = [position.document, position.index, position.offset];
  }

  at(at: PathAt): CompletionItem[] {
    const { path, key, value, entry, free } = at;
    if (value?.kind === 'string' && this.offset > value.start && (!value.closed || this.offset < value.end))
      return this.inString(value, path);
    if (key) return this.keys(path.slice(0, -1), key, entry?.equals === undefined, at);
    if (free) return this.keys(path, this.edits.word(wordLetters.key), true, at);
    if (!entry || value?.kind === 'inline') return [];
    const isWord = value?.kind === 'scalar' || value?.kind === 'invalid';
    // Nothing may follow a complete value: Enter starts a new line.
    const isBetween =
      value?.kind === 'array' && this.offset > value.start && (!value.closed || this.offset < value.end);
    // The editor has added the closing bracket: Enter starts a line between the two.
    if (isBetween && this.options.triggered) return [];
    if (value && !isBetween && !(isWord && contains(value, this.offset))) return [];
    return this.values(path, isWord ? value : { start: this.offset, end: this.offset });
  }

  headers(span: Span): CompletionItem[] {
    return headerItems(this.document, this.index, this.offset, {
      inherited: this.candidates.inherited.vars,
      snippets: this.options.snippets,
    }).map((item) => this.edits.filledIn(item, span));
  }

  // ---------------------------------------------------------------- keys

  private keys(table: Path, span: Span, alone: boolean, at: PathAt): CompletionItem[] {
    const kind = tableKindAt(table);
    const { whole, node } = this.document.locate(table);
    const isThere = (name: string): boolean => {
      const slot = whole && node?.kind === 'table' ? node.slots.get(name) : undefined;
      return slot !== undefined && (slot.entry !== at.entry || !at.entry);
    };
    const isLine = this.document.text.slice(this.document.lineStart(this.offset), span.start).trim() === '';
    const known = kind ? Object.entries(schema[kind]).filter(([name]) => !isThere(name)) : [];
    const keys = known.map(
      ([name, info], order): CompletionItem =>
        this.edits.edited(
          {
            label: name,
            kind: CompletionItemKind.Property,
            detail: `${kindNames[info.kind]}${info.required ? ' · required' : ''}`,
            documentation: { kind: MarkupKind.Markdown, value: info.doc },
            sortText: `${info.required ? 0 : 1}${String(order).padStart(3, '0')}`,
          },
          span,
          alone ? `${name} = ${valueSnippet(info)}` : name,
          { snippet: alone },
        ),
    );
    if (!isLine || !alone || at.free === 'inline') return keys;
    return [
      ...keys,
      ...this.headers(span),
      ...snippetItems(this.document, this.index, this.options.snippets).map((item) => this.edits.filledIn(item, span)),
    ];
  }

  // ---------------------------------------------------------------- values

  /** Completes a value without quotes, after `=` or in an array. */
  private values(path: Path, span: Span): CompletionItem[] {
    const info = keyAt(path);
    if (!info) return [];
    const isItem = typeof path.at(-1) === 'number';
    const edited = this.edits.edited.bind(this.edits);
    if (info.kind === 'boolean')
      return ['true', 'false'].map((label) => edited({ label, kind: CompletionItemKind.Keyword }, span, label));
    if (info.kind === 'number')
      return (info.values ?? []).map((label) => edited({ label, kind: CompletionItemKind.Value }, span, label));
    if (info.kind === 'strings' && !isItem)
      return [
        edited({ label: '[""]', kind: CompletionItemKind.Value, detail: kindNames.strings }, span, '["$0"]', {
          snippet: true,
        }),
      ];
    if (info.kind !== 'string' && info.kind !== 'strings') return [];
    const named = this.candidates
      .values(path, info, '')
      .map((item) => edited({ ...item, filterText: `"${item.label}"` }, span, JSON.stringify(item.label)));
    if (named.length > 0 || isItem) return named;
    const long = info.long
      ? [edited({ label: '"""…"""', kind: CompletionItemKind.Value }, span, '"""\n$0\n"""', { snippet: true })]
      : [];
    return [edited({ label: '""', kind: CompletionItemKind.Value }, span, '"$0"', { snippet: true }), ...long];
  }

  private inString(value: StringValue, path: Path): CompletionItem[] {
    const before = this.document.text.slice(Math.max(value.content.start, this.offset - LOOK_BACK), this.offset);
    const braces = openBraces(before);
    if (braces?.kind === 'double') return this.variables(braces.typed, '}}');
    const isTemplate = path[0] === 'template' || path.includes('loop');
    if (braces?.kind === 'single' && isTemplate)
      return [...this.targets(path, braces.typed), ...this.variables(braces.typed, '}')];
    const info = keyAt(path);
    const span = this.edits.wordInString(value);
    const suffix = this.edits.missingQuote(value);
    const named = info ? this.candidates.values(path, info, before) : [];
    return [
      ...this.allowedValues(path, span, value),
      ...named.map((item) => this.edits.edited(item, span, item.label, { suffix })),
    ];
  }

  /** Completes the values of `enum`, for `default`. */
  private allowedValues(path: Path, word: Span, value: StringValue): CompletionItem[] {
    if (path[0] !== 'vars' || path[2] !== 'default') return [];
    const { whole, node } = this.document.locate([...path.slice(0, 2), 'enum']);
    if (!whole || node?.kind !== 'list') return [];
    // The whole content, because values may contain blanks.
    const span = { start: value.content.start, end: value.closed ? value.content.end : word.end };
    if (this.document.text.slice(span.start, span.end).includes('\n')) return [];
    const suffix = this.edits.missingQuote(value);
    return node.items.slice(0, limits.entries).flatMap((item) => {
      const label = item.kind === 'leaf' && item.value.kind === 'string' ? item.value.value : undefined;
      const text = label === undefined ? undefined : withinQuotes(label, value.style);
      if (label === undefined || text === undefined) return [];
      return [
        this.edits.edited({ label, kind: CompletionItemKind.EnumMember, filterText: text }, span, text, { suffix }),
      ];
    });
  }

  private variables(typed: number, close: string): CompletionItem[] {
    const span = this.edits.around(typed, wordLetters.variable);
    const suffix = this.document.text.startsWith(close, span.end) ? '' : close;
    return this.candidates
      .variables()
      .map(({ name, description }) =>
        this.edits.edited(
          { label: name, kind: CompletionItemKind.Variable, ...(description ? { detail: description } : {}) },
          span,
          name,
          { suffix },
        ),
      );
  }

  private targets(path: Path, typed: number): CompletionItem[] {
    if (path[0] !== 'template') return [];
    const span = this.edits.around(typed, wordLetters.target);
    const suffix = this.document.text.startsWith('}', span.end) ? '' : '}';
    return ['target', 'target.id', 'target.title', 'target.description'].map((label) =>
      this.edits.edited(
        { label, kind: CompletionItemKind.Constant, detail: 'the step that is replaced' },
        span,
        label,
        {
          suffix,
        },
      ),
    );
  }
}

/** The open braces at the end of a text, and the number of letters of a name after them. */
function openBraces(before: string): { kind: 'single' | 'double'; typed: number } | undefined {
  const at = before.lastIndexOf('{');
  if (at < 0) return undefined;
  const name = before.slice(at + 1);
  if (before[at - 1] === '{') {
    const match = /^\s*(?:[#/^]\s*\w+\s+|else\s+if\s+)?(\w*)$/.exec(name);
    return match ? { kind: 'double', typed: match[1]!.length } : undefined;
  }
  return /^[\w.]*$/.test(name) ? { kind: 'single', typed: name.length } : undefined;
}

/** A string as it is written between quotes; undefined if quotes of this kind cannot contain it. */
function withinQuotes(text: string, style: StringValue['style']): string | undefined {
  if (style.endsWith('basic')) return JSON.stringify(text).slice(1, -1);
  return /['\n\r]/.test(text) ? undefined : text;
}

function valueSnippet(info: KeyInfo): string {
  switch (info.kind) {
    case 'boolean':
      return '${1|true,false|}';
    case 'number':
      return info.values ? `\${1|${info.values.join(',')}|}` : '${1:1}';
    case 'strings':
      return '["$1"]';
    case 'table':
    case 'map':
      return '{ $1 }';
    case 'tables':
      return '[{ $1 }]';
    case 'string':
      return info.long ? '"""\n$1\n"""' : info.values && !info.names ? `"\${1|${info.values.join(',')}|}"` : '"$1"';
    default:
      return '$1';
  }
}
