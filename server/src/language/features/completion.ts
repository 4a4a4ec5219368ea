import {
  CompletionItemKind,
  InsertTextFormat,
  MarkupKind,
  type CompletionItem,
  type TextEdit,
} from 'vscode-languageserver-types';
import type { Path } from '../../formulas/model';
import { keyAt, tableKindAt, schema, type KeyInfo } from '../../formulas/schema';
import { headerItems, snippetItems } from './completionTables';
import type { FormulaDocument } from '../document/formulaDocument';
import { transitiveDependents, stepOfPath, stringIn, type FormulaIndex, type Scope } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulaLookup';
import { kinds } from './hover';
import { inheritedBy, type Inherited } from '../document/inherited';
import { shorten } from '../document/markdown';
import { pathAt, type PathAt } from '../document/pathAt';
import type { DocumentPosition } from '../document/symbolAt';
import { contains, type Span, type StringValue } from '../../toml/nodes';

export interface CompletionOptions {
  formulas: FormulaLookup;
  /** Whether the editor fills in places with Tab. */
  snippets: boolean;
  /** Whether a character that was typed asks, and not the person. */
  triggered?: boolean;
}

/** What may stand where the person types; also in a document that is not whole yet. */
export function completion(place: DocumentPosition, options: CompletionOptions): CompletionItem[] {
  const { document, offset } = place;
  const token = document.syntax.tokens.find((one) => one.start < offset && offset <= one.end);
  if (token?.kind === 'comment') return [];
  return withoutNoops(place, itemsAt(place, options));
}

function itemsAt(place: DocumentPosition, options: CompletionOptions): CompletionItem[] {
  const { document, offset } = place;
  const made = new Completion(place, options);
  const { header } = document.sectionAt(offset);
  if (header && offset > header.start && offset <= document.lineEnd(header.start))
    return offset <= header.end || !header.closed
      ? made.headers({ start: header.start, end: document.lineEnd(header.start) })
      : [];
  return made.at(pathAt(document, offset));
}

/** Where what stands there already is all that could be chosen, nothing is: Enter is for the next line. */
function withoutNoops({ document, offset }: DocumentPosition, items: CompletionItem[]): CompletionItem[] {
  const isThere = ({ textEdit }: CompletionItem): boolean => {
    const { newText, range } = textEdit as TextEdit;
    return document.text.slice(document.offsetAt(range.start), document.offsetAt(range.end)) === newText;
  };
  const isMeant = (item: CompletionItem): boolean =>
    isSubsequence(
      document.text.slice(document.offsetAt((item.textEdit as TextEdit).range.start), offset),
      item.filterText ?? item.label,
    );
  return items.some(isThere) && !items.some((item) => !isThere(item) && isMeant(item)) ? [] : items;
}

/** How editors choose among items. */
function isSubsequence(typed: string, text: string): boolean {
  const rest = text.toLowerCase();
  let at = 0;
  for (const letter of typed.trimStart().toLowerCase()) {
    at = rest.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

class Completion {
  private readonly document: FormulaDocument;
  private readonly index: FormulaIndex;
  private readonly offset: number;

  constructor(
    { document, index, offset }: DocumentPosition,
    private readonly options: CompletionOptions,
  ) {
    [this.document, this.index, this.offset] = [document, index, offset];
  }

  private known: Inherited | undefined;

  private inherited(): Inherited {
    this.known ??= inheritedBy(this.index, this.options.formulas);
    return this.known;
  }

  at(at: PathAt): CompletionItem[] {
    const { path, key, value, entry, free } = at;
    if (value?.kind === 'string' && this.offset > value.start && (!value.closed || this.offset < value.end))
      return this.inString(value, path);
    if (key) return this.keys(path.slice(0, -1), key, entry?.equals === undefined, at);
    if (free) return this.keys(path, this.word(/[\w-]/), true, at);
    if (!entry || value?.kind === 'inline') return [];
    const isWord = value?.kind === 'scalar' || value?.kind === 'invalid';
    // Behind a value that is whole nothing may follow: Enter is for the next line.
    const isBetween =
      value?.kind === 'array' && this.offset > value.start && (!value.closed || this.offset < value.end);
    // The closing bracket came by itself: Enter is for a line between the two.
    if (isBetween && this.options.triggered) return [];
    if (value && !isBetween && !(isWord && contains(value, this.offset))) return [];
    return this.values(path, isWord ? value : { start: this.offset, end: this.offset });
  }

  headers(span: Span): CompletionItem[] {
    return headerItems(this.document, this.index, this.offset, {
      inherited: this.inherited().vars,
      snippets: this.options.snippets,
    }).map((item) => this.filledIn(item, span));
  }

  // ---------------------------------------------------------------- keys

  private keys(table: Path, span: Span, alone: boolean, at: PathAt): CompletionItem[] {
    const place = tableKindAt(table);
    const { whole, node } = this.document.locate(table);
    const there = new Set(
      whole && node?.kind === 'table'
        ? [...node.slots].filter(([, slot]) => slot.entry !== at.entry || !at.entry).map(([name]) => name)
        : [],
    );
    const isLine = this.document.text.slice(this.document.lineStart(this.offset), span.start).trim() === '';
    const known = place ? Object.entries(schema[place]).filter(([name]) => !there.has(name)) : [];
    const keys = known.map(
      ([name, info], order): CompletionItem =>
        this.edited(
          {
            label: name,
            kind: CompletionItemKind.Property,
            detail: `${kinds[info.kind]}${info.required ? ' · required' : ''}`,
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
      ...snippetItems(this.document, this.index, this.options.snippets).map((item) => this.filledIn(item, span)),
    ];
  }

  // ---------------------------------------------------------------- values

  /** Behind `=` or in a list, where no quotes stand yet. */
  private values(path: Path, span: Span): CompletionItem[] {
    const info = keyAt(path);
    if (!info) return [];
    const isItem = typeof path.at(-1) === 'number';
    if (info.kind === 'boolean')
      return ['true', 'false'].map((label) => this.edited({ label, kind: CompletionItemKind.Keyword }, span, label));
    if (info.kind === 'number')
      return (info.values ?? []).map((label) => this.edited({ label, kind: CompletionItemKind.Value }, span, label));
    if (info.kind === 'texts' && !isItem)
      return [
        this.edited({ label: '[""]', kind: CompletionItemKind.Value, detail: kinds.texts }, span, '["$0"]', {
          snippet: true,
        }),
      ];
    if (info.kind !== 'text' && info.kind !== 'texts') return [];
    const named = this.namedValues(path, info, '').map((item) =>
      this.edited({ ...item, filterText: `"${item.label}"` }, span, JSON.stringify(item.label)),
    );
    if (named.length > 0 || isItem) return named;
    const long = info.long
      ? [this.edited({ label: '"""…"""', kind: CompletionItemKind.Value }, span, '"""\n$0\n"""', { snippet: true })]
      : [];
    return [this.edited({ label: '""', kind: CompletionItemKind.Value }, span, '"$0"', { snippet: true }), ...long];
  }

  private inString(value: StringValue, path: Path): CompletionItem[] {
    const before = this.document.text.slice(value.content.start, this.offset);
    const opened = /\{\{\s*(?:[#/^]\s*\w+\s+|else\s+if\s+)?(\w*)$/.exec(before);
    if (opened) return this.variables(this.around(opened[1]!.length, /\w/), '}}');
    const info = keyAt(path);
    const template = path[0] === 'template' || path.includes('loop') ? /(?<!\{)\{([\w.]*)$/.exec(before) : null;
    if (template)
      return [
        ...this.targets(path, template[1]!.length),
        ...this.variables(this.around(template[1]!.length, /\w/), '}'),
      ];
    const start = this.offset - (/[^\s,"'()[\]]*$/.exec(before)?.[0].length ?? 0);
    if (!info) return this.allowed(path, start, value);
    return [
      ...this.allowed(path, start, value),
      ...this.namedValues(path, info, before).map((item) =>
        this.edited(item, this.textSpan(start, value), item.label, { behind: this.closing(value) }),
      ),
    ];
  }

  /** Values of `default` are among those that the variable allows. */
  private allowed(path: Path, start: number, value: StringValue): CompletionItem[] {
    if (path[0] !== 'vars' || path[2] !== 'default') return [];
    const { whole, node } = this.document.locate([...path.slice(0, 2), 'enum']);
    if (!whole || node?.kind !== 'list') return [];
    const texts = node.items.flatMap((item) =>
      item.kind === 'leaf' && item.value.kind === 'string' ? [item.value.value] : [],
    );
    // Whole, because they may hold blanks.
    const span = {
      start: value.content.start,
      end: value.closed ? value.content.end : this.textSpan(start, value).end,
    };
    if (this.document.text.slice(span.start, span.end).includes('\n')) return [];
    return texts.flatMap((label) => {
      const text = withinQuotes(label, value.style);
      return text === undefined
        ? []
        : [
            this.edited({ label, kind: CompletionItemKind.EnumMember, filterText: text }, span, text, {
              behind: this.closing(value),
            }),
          ];
    });
  }

  private namedValues(path: Path, info: KeyInfo, before: string): CompletionItem[] {
    const within = /children-of\(\s*[\w.:-]*$/.test(before);
    const members = within
      ? []
      : (info.values ?? []).map(
          (label, order): CompletionItem => ({ label, kind: CompletionItemKind.EnumMember, sortText: `0${order}` }),
        );
    if (info.names === 'formula') return [...members, ...this.formulas(path)];
    if (info.names === 'leg') return [...members, ...this.steps(path, 'legs')];
    if (info.names !== 'step') return members;
    const steps = this.steps(path, path[0] === 'template' ? 'template' : 'steps');
    if (path.at(-1) !== 'waits_for' || within) return [...members, ...steps];
    return [...members, ...steps.map((step): CompletionItem => ({ ...step, label: `children-of(${step.label})` }))];
  }

  /** Not the step itself, nothing that waits for it, nothing twice. */
  private steps(path: Path, scope: Scope): CompletionItem[] {
    const own = scope === 'legs' ? undefined : stepOfPath(this.index, path);
    const name = path.find((part) => part === 'needs' || part === 'depends_on' || part === 'waits_for');
    const barred = own && name ? transitiveDependents(this.index, own, this.inherited().steps) : new Set<string>();
    const list = this.document.locate(path.slice(0, path.findLastIndex((part) => typeof part === 'string') + 1)).node;
    const there =
      list?.kind === 'list'
        ? list.items.flatMap((item) =>
            item.kind === 'leaf' &&
            item.value.kind === 'string' &&
            !(item.value.start <= this.offset && this.offset <= item.value.end)
              ? [item.value.value]
              : [],
          )
        : [];
    const steps = [...this.index.steps, ...this.inherited().steps].filter(
      (step) =>
        step.scope === scope && step.id !== '' && step !== own && !barred.has(step.id) && !there.includes(step.id),
    );
    return steps.map(
      (step, order): CompletionItem => ({
        label: step.id,
        kind: CompletionItemKind.Reference,
        ...(step.title ? { detail: shorten(step.title, 80) } : {}),
        sortText: `1${String(order).padStart(5, '0')}`,
      }),
    );
  }

  private formulas(path: Path): CompletionItem[] {
    const own = this.document.locate(['formula']).node;
    const self = own?.kind === 'leaf' && own.value.kind === 'string' ? own.value.value : undefined;
    const wanted =
      path.includes('expand') || path.includes('map') ? 'expansion' : path.includes('aspects') ? 'aspect' : undefined;
    return this.options.formulas
      .names()
      .filter((name) => name !== self)
      .map((label): CompletionItem => {
        const about = this.options.formulas.tryFind(label)?.formula;
        const description = about ? shorten(about.description, 200) : '';
        return {
          label,
          kind: CompletionItemKind.Module,
          sortText: `${wanted && about?.type !== wanted ? 2 : 1}${label}`,
          ...(about ? { detail: about.type } : {}),
          ...(description ? { documentation: description } : {}),
        };
      });
  }

  private variables(span: Span, close: string): CompletionItem[] {
    const after = this.document.text.slice(span.end);
    const own = this.index.variables.map(({ name, node }) => ({
      name,
      description: (node?.kind === 'table' && stringIn(node, 'description')?.value) || '',
    }));
    const others = [...this.inherited().vars].map(([name, { description }]) => ({ name, description }));
    return [...own, ...others].map(({ name, description }): CompletionItem => {
      const detail = shorten(description, 80);
      return this.edited(
        { label: name, kind: CompletionItemKind.Variable, ...(detail ? { detail } : {}) },
        span,
        name,
        { behind: after.startsWith(close) ? '' : close },
      );
    });
  }

  private targets(path: Path, typed: number): CompletionItem[] {
    if (path[0] !== 'template') return [];
    const span = this.around(typed, /[\w.]/);
    const close = this.document.text.startsWith('}', span.end) ? '' : '}';
    return ['target', 'target.id', 'target.title', 'target.description'].map((label) =>
      this.edited({ label, kind: CompletionItemKind.Constant, detail: 'the step that is replaced' }, span, label, {
        behind: close,
      }),
    );
  }

  // ---------------------------------------------------------------- edits

  private around(typed: number, word: RegExp): Span {
    let end = this.offset;
    while (end < this.document.text.length && word.test(this.document.text[end]!)) end++;
    return { start: this.offset - typed, end };
  }

  private word(letter: RegExp): Span {
    let start = this.offset;
    while (start > 0 && letter.test(this.document.text[start - 1]!)) start--;
    return { ...this.around(0, letter), start };
  }

  private textSpan(start: number, value: StringValue): Span {
    let { end } = this.around(0, /[^\s,"'()[\]]/);
    if (value.closed) end = Math.min(end, value.content.end);
    return { start, end };
  }

  /** Quotes that are still missing come with what is chosen. */
  private closing(value: StringValue): string {
    return value.closed || value.style.startsWith('multi') ? '' : this.document.text[value.start]!;
  }

  private filledIn(item: CompletionItem, span: Span): CompletionItem {
    return this.edited(item, span, item.insertText ?? item.label, { snippet: item.insertText !== undefined });
  }

  /** @param snippet whether `$1` in the text is a place to be filled in, and not what it says */
  private edited(
    item: CompletionItem,
    span: Span,
    text: string,
    { behind = '', snippet = false } = {},
  ): CompletionItem {
    const isSnippet = snippet && text.includes('$');
    const newText =
      isSnippet && !this.options.snippets
        ? text.replace(/\$\{\d+\|([^,|]*)[^}]*\}|\$\{\d+:?([^}]*)\}|\$\d+/g, '$1$2')
        : text;
    const range = this.document.rangeOf(span);
    // Editors take no range over several lines for a completion.
    const end = range.end.line === range.start.line ? range.end : this.document.positionAt(this.offset);
    const { insertText: _, ...rest } = item;
    return {
      filterText: item.label,
      ...rest,
      textEdit: { range: { start: range.start, end }, newText: newText + behind },
      ...(isSnippet && this.options.snippets ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
    };
  }
}

/** A text as it stands between quotes; undefined where quotes of this kind cannot hold it. */
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
    case 'texts':
      return '["$1"]';
    case 'table':
    case 'map':
      return '{ $1 }';
    case 'tables':
      return '[{ $1 }]';
    case 'text':
      return info.long ? '"""\n$1\n"""' : info.values && !info.names ? `"\${1|${info.values.join(',')}|}"` : '"$1"';
    default:
      return '$1';
  }
}
