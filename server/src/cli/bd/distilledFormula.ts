import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';

/** Creates a formula from beads, in the form of its file. Pure. */

export interface DistilledStep {
  id: string;
  title: string;
  description?: string;
  notes?: string;
  acceptance?: string;
  type: string;
  priority: number;
  labels?: string[];
  depends_on?: string[];
  children?: DistilledStep[];
}

export interface DistilledFormula {
  formula: string;
  description?: string;
  version: number;
  type: 'workflow';
  vars?: Record<string, { description: string; required: true }>;
  steps: DistilledStep[];
}

/** Dependencies that order steps. */
const ordering = new Set(['blocks', 'conditional-blocks']);

/**
 * @param parts the root, which becomes the formula, and its descendants
 * @param vars texts by the names of the variables that stand for them
 * @throws UserError if a text occurs nowhere, or the root has no descendants
 */
export function formulaOfBeads(
  parts: readonly Bead[],
  { name, vars }: { name: string | undefined; vars: Readonly<Record<string, string>> },
): DistilledFormula {
  const [root, ...below] = parts;
  if (!root || below.length === 0)
    throw new UserError(`${root?.id ?? 'the bead'} has no children`, 'A formula consists of steps: choose an epic.');
  const fill = placeholdersFor(vars, parts);
  const ids = stepIds(below);
  const { description } = root;
  return {
    formula: name ?? nameOf(root.title),
    ...(description ? { description: fill(description) } : {}),
    version: 1,
    type: 'workflow',
    ...(Object.keys(vars).length > 0 ? { vars: variablesOf(vars) } : {}),
    steps: stepsBelow(root.id, below, { fill, ids }),
  };
}

function variablesOf(vars: Readonly<Record<string, string>>): NonNullable<DistilledFormula['vars']> {
  return Object.fromEntries(
    Object.keys(vars).map((name) => [name, { description: `Value for ${name}`, required: true as const }]),
  );
}

/** Replaces texts by placeholders. @throws UserError for a text that occurs nowhere, which is probably misspelt */
function placeholdersFor(vars: Readonly<Record<string, string>>, parts: readonly Bead[]): (text: string) => string {
  const all = parts.flatMap((bead) => [bead.title, bead.description ?? '', bead.notes ?? '']).join('\n');
  for (const [name, text] of Object.entries(vars))
    if (text === '' || !all.includes(text))
      throw new UserError(`'${text}' not found in epic text`, `--var ${name}=… takes a text of the beads.`);
  return (text) => Object.entries(vars).reduce((sum, [name, part]) => sum.replaceAll(part, `{{${name}}}`), text);
}

interface Writer {
  fill: (text: string) => string;
  ids: ReadonlyMap<string, string>;
}

function stepsBelow(parent: string, beads: readonly Bead[], writer: Writer): DistilledStep[] {
  const isChild = (bead: Bead): boolean =>
    bead.dependencies?.some((edge) => edge.type === 'parent-child' && edge.depends_on_id === parent) ?? false;
  return beads.filter(isChild).map((bead) => stepOf(bead, beads, writer));
}

function stepOf(bead: Bead, beads: readonly Bead[], writer: Writer): DistilledStep {
  const { fill, ids } = writer;
  const needs = (bead.dependencies ?? []).flatMap((edge) => {
    const id = ordering.has(edge.type) ? ids.get(edge.depends_on_id) : undefined;
    return id === undefined ? [] : [id];
  });
  const children = stepsBelow(bead.id, beads, writer);
  return {
    id: ids.get(bead.id)!,
    title: fill(bead.title),
    ...(bead.description ? { description: fill(bead.description) } : {}),
    ...(bead.notes ? { notes: fill(bead.notes) } : {}),
    ...(bead.acceptance_criteria ? { acceptance: fill(bead.acceptance_criteria) } : {}),
    type: bead.issue_type,
    priority: bead.priority,
    ...(bead.labels?.length ? { labels: [...bead.labels] } : {}),
    ...(needs.length > 0 ? { depends_on: needs } : {}),
    ...(children.length > 0 ? { children } : {}),
  };
}

/** Ids of steps from titles; repeated titles get a number. */
function stepIds(beads: readonly Bead[]): Map<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  for (const bead of beads) {
    const name = nameOf(bead.title);
    let id = name;
    for (let number = 2; taken.has(id); number++) id = `${name}-${number}`;
    taken.add(id);
    ids.set(bead.id, id);
  }
  return ids;
}

/** The id for a title: `Write the docs!` becomes `write-the-docs`. */
function nameOf(title: string): string {
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);
  return name || 'untitled';
}
