import { CompletionItemKind, type CompletionItem } from 'vscode-languageserver-types';
import { limits } from '../../../formulas/limits';
import type { Path } from '../../../formulas/model';
import type { KeyInfo } from '../../../formulas/schema';
import type { FormulaDocument } from '../../document/formulaDocument';
import { stepOfPath, stringIn, transitiveDependents, type FormulaIndex, type Scope } from '../../document/formulaIndex';
import type { FormulaLookup } from '../../document/formulaLookup';
import { inheritedBy, type Inherited } from '../../document/inherited';
import { shorten } from '../../document/markdown';
import type { DocumentPosition } from '../../document/symbolAt';

/** Maximum number of formulas that are read for their type and description. */
const MAX_READ = 200;

/** Names that are valid at a place: steps, formulas, legs, and the values that a key allows. */
export class Candidates {
  private readonly document: FormulaDocument;
  private readonly index: FormulaIndex;
  private readonly offset: number;
  private known: Inherited | undefined;

  constructor(
    { document, index, offset }: DocumentPosition,
    private readonly formulas: FormulaLookup,
  ) {
    [this.document, this.index, this.offset] = [document, index, offset];
  }

  /** Steps and variables of the formulas that are extended. */
  get inherited(): Inherited {
    this.known ??= inheritedBy(this.index, this.formulas);
    return this.known;
  }

  /** @param before the text of the string up to the cursor */
  values(path: Path, info: KeyInfo, before: string): CompletionItem[] {
    const within = isWithinChildrenOf(before);
    const members = within
      ? []
      : (info.values ?? []).map(
          (label, order): CompletionItem => ({ label, kind: CompletionItemKind.EnumMember, sortText: `0${order}` }),
        );
    if (info.names === 'formula') return [...members, ...this.formulaNames(path)];
    if (info.names === 'leg') return [...members, ...this.steps(path, 'legs')];
    if (info.names !== 'step') return members;
    const steps = this.steps(path, path[0] === 'template' ? 'template' : 'steps');
    if (path.at(-1) !== 'waits_for' || within) return [...members, ...steps];
    return [...members, ...steps.map((step): CompletionItem => ({ ...step, label: `children-of(${step.label})` }))];
  }

  /** Steps to depend on: without the step itself, steps that wait for it, and those already listed. */
  private steps(path: Path, scope: Scope): CompletionItem[] {
    const own = scope === 'legs' ? undefined : stepOfPath(this.index, path);
    const isNeed = path.some((part) => part === 'needs' || part === 'depends_on' || part === 'waits_for');
    const barred = own && isNeed ? transitiveDependents(this.index, own, this.inherited.steps) : new Set<string>();
    const there = this.othersInList(path);
    const steps = [...this.index.steps, ...this.inherited.steps].filter(
      (step) =>
        step.scope === scope &&
        step.id !== '' &&
        step.id.length <= limits.idChars &&
        step !== own &&
        !barred.has(step.id) &&
        !there.has(step.id),
    );
    return steps.slice(0, limits.steps).map(
      (step, order): CompletionItem => ({
        label: step.id,
        kind: CompletionItemKind.Reference,
        ...(step.title ? { detail: shorten(step.title, 80) } : {}),
        sortText: `1${String(order).padStart(5, '0')}`,
      }),
    );
  }

  /** Strings of the array at a path, without the one at the cursor. */
  private othersInList(path: Path): ReadonlySet<string> {
    const { node } = this.document.locate(path.slice(0, path.findLastIndex((part) => typeof part === 'string') + 1));
    const texts = new Set<string>();
    for (const item of node?.kind === 'list' ? node.items : []) {
      if (item.kind !== 'leaf' || item.value.kind !== 'string') continue;
      const { start, end, value } = item.value;
      if (this.offset < start || end < this.offset) texts.add(value);
    }
    return texts;
  }

  private formulaNames(path: Path): CompletionItem[] {
    const own = this.document.locate(['formula']).node;
    const self = own?.kind === 'leaf' && own.value.kind === 'string' ? own.value.value : undefined;
    const wanted =
      path.includes('expand') || path.includes('map') ? 'expansion' : path.includes('aspects') ? 'aspect' : undefined;
    return this.formulas
      .names()
      .filter((name) => name !== self)
      .map((label, order): CompletionItem => {
        const formula = order < MAX_READ ? this.formulas.tryFind(label)?.formula : undefined;
        const description = formula ? shorten(formula.description, 200) : '';
        return {
          label,
          kind: CompletionItemKind.Module,
          sortText: `${wanted && formula?.type !== wanted ? 2 : 1}${label}`,
          ...(formula ? { detail: formula.type } : {}),
          ...(description ? { documentation: description } : {}),
        };
      });
  }

  /** Variables that are declared here or inherited, with their descriptions. */
  variables(): { name: string; description: string }[] {
    const own = this.index.variables.map(({ name, node }) => ({
      name,
      description: (node?.kind === 'table' && stringIn(node, 'description')?.value) || '',
    }));
    const others = [...this.inherited.vars].map(([name, { description }]) => ({ name, description }));
    return [...own, ...others]
      .filter(({ name }) => name.length <= limits.nameChars)
      .slice(0, limits.entries)
      .map(({ name, description }) => ({ name, description: shorten(description, 80) }));
  }
}

/** Whether the cursor is within `children-of(`, where only an id is valid. */
function isWithinChildrenOf(before: string): boolean {
  const open = before.lastIndexOf('children-of(');
  return open >= 0 && /^\s*[\w.:-]*$/.test(before.slice(open + 'children-of('.length));
}
