import { withoutLocal } from '../../beads/storage/localMetadata';
import { ATTACHED_TO, MOLECULE } from '../../beads/model/molecule';
import { asPlainObject, isPlainObject, textsIn } from '../../base/objects';
import type { Transaction } from '../../beads/store';
import { formatTime } from '../../beads/model/time';
import type { Bead, Dependency, DependencyType } from '../../protocol/bead';
import type { Proto, ProtoStep } from '../cook/proto';

export interface PourOptions {
  ledger: string;
  /** Pour wisps, which exist in the journal and the index, never in `issues.jsonl`. */
  ephemeral?: boolean;
  /** Assignee of the molecule itself. */
  assignee?: string;
  title?: string;
  /** The id of the molecule. Ids of its steps are then derived from their names; otherwise they are numbered. */
  id?: string;
  /** The bead to which the molecule is attached; its steps are done by the bead's agent. */
  attachTo?: string;
}

export interface Poured {
  root: string;
  /** Ids of beads by id of the step. */
  ids: Record<string, string>;
}

/** The metadata of a step's bead about its formula. */
interface Origin {
  step: string;
  script?: string[];
}

/**
 * Creates a molecule from a proto: one bead for it, and one for each step, numbered in the formula's order.
 * Dependencies are created with the beads, without the checks of single ones: cooking has checked them all.
 */
export function pour(tx: Transaction, proto: Proto, options: PourOptions): Poured {
  const infix = options.ephemeral ? 'wisp' : 'mol';
  const edge = (from: string, to: string, type: DependencyType, metadata?: string): Dependency => ({
    issue_id: from,
    depends_on_id: to,
    type,
    created_at: formatTime(tx.now),
    created_by: tx.actor,
    ...(metadata === undefined ? {} : { metadata }),
  });
  const root = tx.create(options.ledger, {
    title: options.title ?? proto.title,
    description: proto.description,
    type: MOLECULE,
    infix,
    id: options.id,
    ephemeral: options.ephemeral,
    assignee: options.assignee,
    metadata: { formula: { name: proto.formula, version: proto.version, vars: proto.vars } },
    extra: { source_formula: proto.formula },
  }).id;
  if (options.attachTo !== undefined) tx.addDependency(root, options.attachTo, ATTACHED_TO);
  const isNamed = options.id !== undefined;
  const ids = Object.fromEntries(
    proto.steps.map((step, index) => [step.id, `${root}.${isNamed ? step.id : index + 1}`]),
  );
  for (const step of proto.steps) {
    const id = ids[step.id]!;
    const dependencies = [
      edge(id, (step.parent !== undefined && ids[step.parent]) || root, 'parent-child'),
      ...step.needs.map((need) => edge(id, ids[need]!, 'blocks')),
    ];
    const spawner = step.waitsFor?.spawner;
    if (step.waitsFor && spawner !== undefined && ids[spawner])
      dependencies.push(edge(id, ids[spawner], 'waits-for', JSON.stringify({ gate: step.waitsFor.gate })));
    createStep(tx, proto, step, id, dependencies, options);
  }
  return { root, ids };
}

/** A proto without steps: they are a list in its description. */
export function withInlineSteps(proto: Proto): Proto {
  const steps = proto.steps.map(
    ({ title, description }, index) => `${index + 1}. ${title}${description ? `\n\n${indented(description)}` : ''}`,
  );
  const description = [proto.description, '## Steps', steps.join('\n\n')].filter(Boolean).join('\n\n');
  return { ...proto, description, steps: [] };
}

/** Indented so that it belongs to an item of a list in Markdown. */
function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ');
}

function createStep(
  tx: Transaction,
  proto: Proto,
  step: ProtoStep,
  id: string,
  dependencies: Dependency[],
  options: PourOptions,
): void {
  const origin: Origin = { step: step.id, ...(step.script ? { script: step.script } : {}) };
  tx.create(options.ledger, {
    id,
    title: step.title,
    type: step.type,
    priority: step.priority,
    labels: step.labels,
    ephemeral: options.ephemeral,
    description: step.description,
    notes: step.notes,
    acceptance_criteria: step.acceptance,
    assignee: options.attachTo === undefined ? step.assignee : undefined,
    // A formula is untrusted, so it cannot set the metadata of the engine.
    metadata: { ...withoutLocal(step.metadata), formula: origin },
    extra: { source_formula: proto.formula, dependencies, ...gateFields(step) },
  });
}

function gateFields(step: ProtoStep): Record<string, unknown> {
  if (!step.gate) return {};
  return { await_type: step.gate.type, await_id: step.gate.awaitId || undefined, timeout: step.gate.timeout };
}

/** The id of a step in its formula. */
export function stepNameOf(bead: Bead): string {
  const origin = formulaData(bead)?.step;
  return typeof origin === 'string' && origin !== '' ? origin : bead.id.slice(bead.id.lastIndexOf('.') + 1);
}

/** The script blocks of a step. Variables are not filled in: a script gets them as `$GT_VAR_<name>`. */
export function stepScriptOf(bead: Bead): string[] {
  return textsIn(formulaData(bead)?.script);
}

/** The formula and the variables of a poured molecule. */
export function originOf(molecule: Bead): { name?: string; vars: Record<string, string> } {
  const data = formulaData(molecule);
  const vars = Object.entries(asPlainObject(data?.vars));
  return {
    ...(typeof data?.name === 'string' ? { name: data.name } : {}),
    vars: Object.fromEntries(vars.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  };
}

/** Metadata may come from an import: nothing is assumed about it. */
function formulaData(bead: Bead): Record<string, unknown> | undefined {
  const data = asPlainObject(bead.metadata).formula;
  return isPlainObject(data) ? data : undefined;
}
