import type { SlungFormula } from './molecules';
import type { FormulaPlaces } from '../../formulas/registry/files';
import type { FormulaService } from '../../formulas/service/formulaService';
import type { Bead } from '../../protocol/bead';
import type { Rig } from '../../rigs/rig';

/** Variables that bead and rig provide. */
type KnownRig = Pick<Rig, 'name' | 'gates' | 'config'>;

/** A formula for beads of a rig. Known facts about the bead and the rig need not be given as variables. */
export function slungFormula(
  formulas: FormulaService,
  places: FormulaPlaces,
  rig: KnownRig,
  name: string,
  given: Record<string, string>,
): SlungFormula {
  return {
    name,
    cook: async (bead) => {
      const offered = { ...valuesOfRig(rig), ...valuesOfBead(bead) };
      return (await formulas.cook(places, { formula: name, given, offered })).proto;
    },
  };
}

function valuesOfBead(bead: Bead): Record<string, string> {
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

function valuesOfRig({ name, gates, config }: KnownRig): Record<string, string> {
  return {
    rig: name,
    base_branch: config.default_branch,
    ...Object.fromEntries(gates.map((gate) => [`${gate.name}_command`, gate.command])),
  };
}
