import type { Rig } from '../rigs/rig';
import type { SlungFormula } from '../engine/molecules/molecules';
import type { FormulaRegistry } from '../formulas/registry/registry';
import type { Bead } from '../protocol/bead';
import type { TownLayout } from '../town/layout';
import { libraryFor } from './formulas';

/** A formula for beads of a rig. What is known of the bead and the rig need not be given as variables. */
export function slungFormula(
  library: FormulaRegistry,
  rig: Pick<Rig, 'name' | 'gates' | 'config'>,
  name: string,
  vars: Record<string, string>,
): SlungFormula {
  return {
    name,
    cook: (bead) => library.cook(name, { given: vars, offered: { ...knownOfRig(rig), ...knownOfBead(bead) } }).proto,
  };
}

function knownOfBead(bead: Bead): Record<string, string> {
  return {
    issue: bead.id,
    title: bead.title,
    feature: bead.title,
    description: bead.description ?? '',
    desc: bead.description ?? '',
    type: bead.issue_type,
    priority: String(bead.priority),
  };
}

function knownOfRig({ name, gates, config }: Pick<Rig, 'name' | 'gates' | 'config'>): Record<string, string> {
  return {
    rig: name,
    base_branch: config.default_branch,
    ...Object.fromEntries(gates.map((gate) => [`${gate.name}_command`, gate.command])),
  };
}

/** The formula by which the beads of a rig are done, if its settings name one. */
export function workflowOf(layout: TownLayout, rig: Rig): SlungFormula | undefined {
  const { formula } = rig.settings;
  return formula
    ? slungFormula(libraryFor(layout, { actor: 'deacon', kind: 'engine' }, rig.name), rig, formula, {})
    : undefined;
}
