import os from 'node:os';
import { hookedBead } from '../engine/dispatch/done';
import { moleculeOfBead } from '../engine/molecules/molecules';
import { registerFormulaHandlers } from '../formulas/pour/handlers';
import { FormulaRegistry, tiersFor } from '../formulas/registry/registry';
import type { CallContext } from '../protocol/dispatcher';
import type { TownLayout } from '../town/layout';
import { guardStepHandlers } from '../townServer/access/stepGuard';
import type { TownService } from '../townServer/townService';

/** The formulas that can be named where a caller is, for the beads of this ledger. Read anew each time: people edit them. */
export function libraryFor(layout: TownLayout, context: CallContext, ledger: string): FormulaRegistry {
  return new FormulaRegistry(
    tiersFor({
      ledger: ledger === 'hq' ? layout.ledger : layout.rig(ledger).ledger,
      cwd: context.cwd,
      home: os.homedir(),
      town: layout.root,
    }),
  );
}

/** Formulas and molecules of a town: `bd formula`, `bd cook`, `bd mol` and `bd close --continue`. */
export function registerFormulas(service: TownService): void {
  const { dispatcher, store } = service;
  const ledgerFor = (context: CallContext, named: string | undefined): string => service.ledgerFor(context.cwd, named);
  registerFormulaHandlers(dispatcher, store, {
    ledgerFor,
    libraryFor: (context, ledger) => libraryFor(service.layout, context, ledger),
    hookedMolecule: (agent) => {
      const bead = hookedBead(service.engineContext, agent);
      return bead && moleculeOfBead(service.store, bead);
    },
  });
  guardStepHandlers({ dispatcher, store, ledgerFor });
}
