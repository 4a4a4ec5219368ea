import { CompletionItemKind, MarkupKind, type CompletionItem } from 'vscode-languageserver-types';
import { keyOf, schema, type KeyInfo, type TableKind } from '../../../formulas/schema';
import type { FormulaDocument } from '../../document/formulaDocument';
import type { FormulaIndex } from '../../document/formulaIndex';

export interface HeaderOptions {
  /** Variables of the formulas that are extended. */
  inherited: ReadonlyMap<string, unknown>;
  snippets: boolean;
}

/** Headers of tables that are allowed at a place: of the formula, and of the step above. */
export function headerItems(
  document: FormulaDocument,
  index: FormulaIndex,
  offset: number,
  { inherited, snippets }: HeaderOptions,
): CompletionItem[] {
  const above = document.sectionAt(document.lineStart(offset) - 1).header?.key.parts.map((part) => part.name) ?? [];
  const list = above[0] === 'steps' || above[0] === 'template' ? above[0] : undefined;
  const headers = [
    ...tablesOf('formula', [], undeclared(index, inherited)),
    ...(list ? tablesOf('step', [list]) : []),
    ...(above[1] === 'children' && list ? tablesOf('step', [list, 'children']) : []),
    ...(list && above.includes('loop') ? tablesOf('loop', [list, 'loop']) : []),
    ...(above[0] === 'advice' ? tablesOf('advice', ['advice']) : []),
    ...tablesOf('compose', ['compose']),
  ];
  return headers.map(({ header, info }, order): CompletionItem => {
    const label = header.replace(/\$\{1:(\w+)\}/, '$1');
    return {
      label,
      kind: CompletionItemKind.Struct,
      documentation: { kind: MarkupKind.Markdown, value: info.doc },
      sortText: `2${String(order).padStart(3, '0')}`,
      ...(snippets && header !== label ? { insertText: header } : {}),
      // Without the closing brackets: after they are typed, Enter starts a new line instead of accepting an item.
      filterText: label.replace(/\]+$/, ''),
    };
  });
}

function tablesOf(
  place: TableKind,
  path: readonly string[],
  undeclared: readonly string[] = [],
): { header: string; info: KeyInfo }[] {
  return Object.keys(schema[place]).flatMap((name) => {
    const info = keyOf(place, name)!;
    const full = [...path, name].join('.');
    if (info.kind === 'table') return [{ header: `[${full}]`, info }];
    if (info.kind === 'tables') return [{ header: `[[${full}]]`, info }];
    // Used but undeclared variables come first.
    const wanted = name === 'vars' && place === 'formula' ? undeclared : [];
    if (info.kind === 'map')
      return [
        ...wanted.map((variable) => ({ header: `[vars.${variable}]`, info })),
        { header: info.table ? `[${full}.\${1:name}]` : `[${full}]`, info },
      ];
    return [];
  });
}

function undeclared(index: FormulaIndex, inherited: ReadonlyMap<string, unknown>): string[] {
  const declared = new Set(index.variables.map((variable) => variable.name));
  return [
    ...new Set(
      index.uses
        .filter((use) => use.plain && !declared.has(use.name) && !inherited.has(use.name))
        .map((use) => use.name),
    ),
  ].slice(0, 10);
}

/** Snippets of whole tables. */
export function snippetItems(document: FormulaDocument, index: FormulaIndex, snippets: boolean): CompletionItem[] {
  if (!snippets) return [];
  const last = index.steps.findLast((step) => step.scope === 'steps' && !step.parent && step.id !== '')?.id;
  const needs =
    last === undefined
      ? ''
      : `needs = ["\${3:${JSON.stringify(last)
          .slice(1, -1)
          .replace(/[$}\\]/g, '\\$&')}}"]\n`;
  const made = (label: string, detail: string, insertText: string): CompletionItem => ({
    label,
    detail,
    insertText,
    kind: CompletionItemKind.Snippet,
    sortText: `3${label}`,
  });
  const whole = document.tree.root.slots.has('formula')
    ? []
    : [
        made(
          'workflow',
          'a whole formula',
          'formula = "${1:name}"\ndescription = "${2:What it is for}"\ntype = "workflow"\nversion = 1\n\n[vars.${3:title}]\ndescription = "${4:What is to be done}"\nrequired = true\n\n[[steps]]\nid = "${5:first}"\ntitle = "${6:Do} {{${3:title}}}"\ndescription = """\n$0\n"""\n',
        ),
      ];
  return [
    ...whole,
    made(
      'step',
      'a whole step',
      `[[steps]]\nid = "\${1:id}"\ntitle = "\${2:What is to be done}"\n${needs}description = """\n$0\n"""\n`,
    ),
    made(
      'variable',
      'a variable',
      '[vars.${1:name}]\ndescription = "${2:What it is for}"\n${3|required = true,default = ""|}\n',
    ),
    made(
      'leg',
      'a leg of a convoy',
      '[[legs]]\nid = "${1:id}"\ntitle = "${2:What it looks at}"\ndescription = """\n$0\n"""\n',
    ),
  ];
}
