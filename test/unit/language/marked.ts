import { FormulaDocument } from '../../../server/src/language/document/formulaDocument';
import { indexOf } from '../../../server/src/language/document/formulaIndex';
import type { FormulaLookup } from '../../../server/src/language/document/formulaLookup';
import type { DocumentPosition } from '../../../server/src/language/document/symbolAt';
import type { Range } from 'vscode-languageserver-types';
import { FormulaRegistry } from '../../../server/src/formulas/registry/registry';
import { registryLookup } from '../../../server/src/language/server/registryLookup';
import { filesOf } from '../formulas/samples';

export const uri = 'file:///p/f.formula.toml';

/** A text with `|` where the person is. */
export function marked(text: string): DocumentPosition {
  const offset = text.indexOf('|');
  if (offset < 0) throw new Error(`no | in ${text}`);
  return placeIn(text.slice(0, offset) + text.slice(offset + 1), offset);
}

export function placeIn(text: string, offset = 0): DocumentPosition {
  const document = new FormulaDocument(uri, text);
  return { document, index: indexOf(document), offset };
}

/** The built-in formulas, and those that a test brings by name. */
export function formulas(texts: Readonly<Record<string, string>> = {}): FormulaLookup {
  const files = Object.fromEntries(Object.entries(texts).map(([name, text]) => [`/p/${name}.formula.toml`, text]));
  return registryLookup(new FormulaRegistry([{ tier: 'project', directory: '/p' }], { files: filesOf(files) }));
}

/** The text of a range. */
export function textOf({ document }: DocumentPosition, range: Range): string {
  return document.text.slice(document.offsetAt(range.start), document.offsetAt(range.end));
}

/** A workflow that is whole: a, then b and c, then d. */
export const sample = `formula = "f"
[vars.feature]
description = "What is built"
required = true
[vars.color]
default = "red"
enum = ["red", "green"]

[[steps]]
id = "a"
title = "Begin {{feature}}"
[[steps]]
id = "b"
title = "B"
needs = ["a"]
[[steps]]
id = "c"
title = "C in {{color}}"
needs = ["a"]
[[steps.children]]
id = "c1"
title = "C1"
[[steps]]
id = "d"
title = "D {{feature}}"
needs = ["b", "c"]
waits_for = "children-of(c)"
`;
