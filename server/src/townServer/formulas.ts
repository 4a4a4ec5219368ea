import os from 'node:os';
import { hookedBead } from '../engine/dispatch/done';
import { moleculeOfBead } from '../engine/molecules/molecules';
import { registerFormulaHandlers } from '../formulas/pour/handlers';
import type { FormulaPlaces } from '../formulas/registry/files';
import type { CallContext } from '../protocol/dispatcher';
import type { TownLayout } from '../town/layout';
import { guardStepHandlers } from './access/stepGuard';
import type { TownService } from './townService';

/** Where the formulas are that can be named by a caller, for the beads of this ledger. */
export function formulaPlaces(layout: TownLayout, context: Pick<CallContext, 'cwd'>, ledger: string): FormulaPlaces {
  return {
    ledger: ledger === 'hq' ? layout.ledger : layout.rig(ledger).ledger,
    home: os.homedir(),
    town: layout.root,
    ...(context.cwd === undefined ? {} : { cwd: context.cwd }),
  };
}

/** Formulas and molecules of a town: `bd formula`, `bd cook`, `bd mol` and `bd close --continue`. */
export function registerFormulas(service: TownService): void {
  const { dispatcher, store, formulas, layout } = service;
  const ledgerFor = (context: CallContext, named: string | undefined): string => service.ledgerFor(context.cwd, named);
  registerFormulaHandlers(dispatcher, store, {
    ledgerFor,
    placesFor: (context, ledger) => formulaPlaces(layout, context, ledger),
    formulas,
    hookedMolecule: (agent) => {
      const bead = hookedBead(service.engineContext, agent);
      return bead && moleculeOfBead(store, bead);
    },
  });
  guardStepHandlers({ dispatcher, store, ledgerFor });
}
