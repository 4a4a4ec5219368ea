import type { Path } from '../../formulas/model';
import { spawnerOf } from '../../formulas/steps';
import { keyAt } from '../../formulas/schema';
import { FormulaDocument, strings } from './formulaDocument';
import { offsetInString, type Span, type StringValue } from '../../toml/nodes';
import type { TableNode, TreeNode } from '../../toml/tree';
import { variableRefs } from './variableRefs';

/** Where an id is valid: steps with their children and loop bodies, templates, or legs. */
export type Scope = 'steps' | 'template' | 'legs';

export interface StepEntry {
  id: string;
  /** Span of the id, without quotes. */
  idSpan?: Span;
  title: string;
  scope: Scope;
  path: Path;
  node: TableNode;
  parent?: StepEntry;
  /** Ids in `needs` and `depends_on`, without `waits_for`. */
  needs: string[];
}

export interface Reference extends Span {
  id: string;
  scope: Scope;
  path: Path;
  /** The step that contains it. */
  from?: StepEntry;
}

export interface VariableEntry {
  name: string;
  span: Span;
  path: Path;
  node?: TreeNode;
}

/** A use of `{{name}}`; the span is that of the name. */
export interface VariableUse extends Span {
  name: string;
  path: Path;
  /** Whether it is a plain `{{name}}`, which is replaced by a value. */
  plain: boolean;
  /** The innermost step that contains it. */
  step?: StepEntry;
}

/** The definitions and references of a document, even if it is incomplete. */
export interface FormulaIndex {
  steps: StepEntry[];
  /** The steps by path. */
  byPath: ReadonlyMap<string, StepEntry>;
  references: Reference[];
  variables: VariableEntry[];
  uses: VariableUse[];
  /** Names in `extends`, `expand`, `with` and `aspects`. */
  formulas: (Span & { name: string; path: Path })[];
}

export function indexOf(document: FormulaDocument): FormulaIndex {
  const { root } = document.tree;
  const steps: StepEntry[] = [
    ...stepsIn(root.slots.get('steps')?.node, ['steps'], 'steps'),
    ...stepsIn(root.slots.get('template')?.node, ['template'], 'template'),
    ...stepsIn(root.slots.get('legs')?.node, ['legs'], 'legs'),
  ];
  const byPath = new Map(steps.map((step) => [step.path.join('\0'), step]));
  const index: FormulaIndex = { steps, byPath, references: [], variables: variablesOf(root), uses: [], formulas: [] };
  const declared = new Set(index.variables.map((variable) => variable.name));
  for (const { path, node } of strings(root)) {
    if (node.value.kind !== 'string') continue;
    const uses = variableRefs(node.value, path, declared);
    const step = uses.length > 0 ? stepOfPath(index, path) : undefined;
    for (const use of uses) index.uses.push({ ...use, path, ...(step ? { step } : {}) });
    const names = keyAt(path)?.names;
    const { content } = node.value;
    if (names === 'formula') index.formulas.push({ ...content, name: node.value.value, path });
    else if (names) index.references.push(...referencesIn(node.value, path, names, index));
  }
  return index;
}

function stepsIn(node: TreeNode | undefined, path: Path, scope: Scope, parent?: StepEntry): StepEntry[] {
  if (node?.kind !== 'list') return [];
  return node.items.flatMap((item, number) => {
    if (item.kind !== 'table') return [];
    const id = stringIn(item, 'id');
    const at = [...path, number];
    const step: StepEntry = {
      id: id?.value ?? '',
      ...(id ? { idSpan: id.content } : {}),
      title: stringIn(item, 'title')?.value ?? '',
      scope,
      path: at,
      node: item,
      ...(parent ? { parent } : {}),
      needs: [...idsIn(item, 'depends_on'), ...idsIn(item, 'needs')],
    };
    const loop = item.slots.get('loop')?.node;
    const body = loop?.kind === 'table' ? loop.slots.get('body')?.node : undefined;
    return [
      step,
      ...stepsIn(item.slots.get('children')?.node, [...at, 'children'], scope, step),
      ...stepsIn(body, [...at, 'loop', 'body'], scope, step),
    ];
  });
}

export function stringIn(node: TableNode, key: string): StringValue | undefined {
  const inner = node.slots.get(key)?.node;
  return inner?.kind === 'leaf' && inner.value.kind === 'string' ? inner.value : undefined;
}

function idsIn(node: TableNode, key: string): string[] {
  const list = node.slots.get(key)?.node;
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) => (item.kind === 'leaf' && item.value.kind === 'string' ? [item.value.value] : []));
}

function variablesOf(root: TableNode): VariableEntry[] {
  const vars = root.slots.get('vars')?.node;
  if (vars?.kind !== 'table') return [];
  return [...vars.slots].map(([name, slot]) => ({
    name,
    span: nameSpan(slot.key, name),
    path: ['vars', name],
    ...(slot.node ? { node: slot.node } : {}),
  }));
}

/** The span of a key without its quotes, if it has some. */
function nameSpan(key: Span, name: string): Span {
  return key.end - key.start === name.length + 2
    ? { start: key.start + 1, end: key.end - 1 }
    : { start: key.start, end: key.end };
}

function referencesIn(value: StringValue, path: Path, names: 'step' | 'leg', index: FormulaIndex): Reference[] {
  const scope: Scope = names === 'leg' ? 'legs' : path[0] === 'template' ? 'template' : 'steps';
  const from = stepOfPath(index, path);
  const place = { scope, path, ...(from ? { from } : {}) };
  if (path.at(-1) !== 'waits_for') return [{ ...place, ...value.content, id: value.value }];
  const id = spawnerOf(value.value);
  if (id === undefined) return [];
  const at = value.value.indexOf(id, value.value.indexOf('(') + 1);
  return [{ ...place, id, start: offsetInString(value, at), end: offsetInString(value, at + id.length) }];
}

/** The innermost step that contains a path. */
export function stepOfPath({ byPath }: Pick<FormulaIndex, 'byPath'>, path: Path): StepEntry | undefined {
  for (let end = path.length; end > 0; end--) {
    if (typeof path[end - 1] !== 'number') continue;
    const step = byPath.get(path.slice(0, end).join('\0'));
    if (step) return step;
  }
  return undefined;
}

/** The first step with an id. */
export function stepOf(index: FormulaIndex, id: string, scope: Scope): StepEntry | undefined {
  return index.steps.find((step) => step.scope === scope && step.id === id && step.idSpan);
}

interface DependentStep extends Pick<StepEntry, 'id' | 'scope' | 'needs'> {
  parent?: DependentStep;
}

/**
 * Ids of the steps that wait for this one, directly or through others; a container waits for its children.
 * @param inherited steps of parents
 */
export function transitiveDependents(
  index: FormulaIndex,
  step: StepEntry,
  inherited: readonly DependentStep[] = [],
): Set<string> {
  const dependents = new Map<string, string[]>();
  const add = (need: string, id: string): void => {
    const list = dependents.get(need);
    if (list) list.push(id);
    else dependents.set(need, [id]);
  };
  for (const other of [...index.steps, ...inherited]) {
    if (other.scope !== step.scope || other.id === '') continue;
    for (const need of other.needs) add(need, other.id);
    // A child waits for the needs of its parent, too.
    if (other.parent) for (const need of other.parent.needs) add(need, other.id);
  }
  const found = new Set<string>([step.id]);
  // Containers end after their children, so they depend on them.
  for (let around = step.parent; around; around = around.parent) found.add(around.id);
  for (const id of found) for (const dependent of dependents.get(id) ?? []) found.add(dependent);
  return found;
}
