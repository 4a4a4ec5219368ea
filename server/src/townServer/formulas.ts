import os from 'node:os';
import { hookedBead } from '../engine/dispatch/done';
import { moleculeOfBead, type SlungFormula } from '../engine/molecules/molecules';
import { slungFormula } from '../engine/molecules/slungFormula';
import { registerFormulaHandlers } from '../formulas/pour/handlers';
import type { FormulaPlaces } from '../formulas/registry/files';
import type { CallContext } from '../protocol/dispatcher';
import type { TownLayout } from '../town/layout';
import { guardStepHandlers } from './access/stepGuard';
import type { EngineContext } from '../engine/loop/context';
import type { BeadService } from '../beads/handlers/common';
import type { FormulaService } from '../formulas/service/formulaService';
import type { Rig } from '../rigs/rig';

/** The places of the formulas that a caller can name, for beads of this ledger. */
export function formulaPlaces(layout: TownLayout, context: Pick<CallContext, 'cwd'>, ledger: string): FormulaPlaces {
  return {
    ledger: ledger === 'hq' ? layout.ledger : layout.rig(ledger).ledger,
    home: os.homedir(),
    town: layout.root,
    ...(context.cwd === undefined ? {} : { cwd: context.cwd }),
  };
}

/** The default formula for beads of a rig, if its settings name one. */
export function workflowOf(formulas: FormulaService, layout: TownLayout, rig: Rig): SlungFormula | undefined {
  const { formula } = rig.settings;
  return formula ? slungFormula(formulas, formulaPlaces(layout, {}, rig.name), rig, formula, {}) : undefined;
}

interface FormulaTown extends BeadService {
  readonly layout: TownLayout;
  readonly formulas: FormulaService;
  readonly engineContext: EngineContext;
}

/** Formulas and molecules of a town: `bd formula`, `bd cook`, `bd mol` and `bd close --continue`. */
export function registerFormulas(town: FormulaTown): void {
  const { dispatcher, store, formulas, layout } = town;
  const ledgerFor = (context: CallContext, named: string | undefined): string => town.ledgerFor(context, named);
  registerFormulaHandlers(dispatcher, store, {
    ledgerFor,
    placesFor: (context, ledger) => formulaPlaces(layout, context, ledger),
    formulas,
    hookedMolecule: (agent) => {
      const bead = hookedBead(town.engineContext, agent);
      return bead && moleculeOfBead(store, bead);
    },
  });
  guardStepHandlers({ dispatcher, store, ledgerFor });
}
