import type { TownService } from './townService';
import { registerBeadHandlers } from '../beads/handlers';
import type { CallContext } from '../protocol/dispatcher';
import { registerConvoyHandlers } from '../engine/convoys/convoys';
import { guardBeadHandlers } from './access/beadGuard';
import { registerFormulas } from './formulas';
import { registerAgentHandlers } from '../engine/dispatch/requests';
import { registerBoardHandlers } from './snapshot/boardRequests';
import { registerCrewHandlers } from '../rigs/crewRequests';
import { registerMailHandlers } from '../engine/mail/requests';
import { registerMayorHandlers } from '../engine/mayor/requests';
import { registerMergeQueueHandlers } from '../engine/mergeQueue/requests';
import { registerSupervisionHandlers } from '../engine/supervision/requests';
import { registerTownHandlers } from './townRequests';

/** Everything that can be asked of a town. The order counts where one stands around another. */
export function registerHandlers(service: TownService): void {
  const { dispatcher, store, projection, rigs } = service;
  const ledgerFor = (context: CallContext, named: string | undefined): string => service.ledgerFor(context.cwd, named);
  registerBeadHandlers(dispatcher, store, { ledgerFor });
  registerFormulas(service);
  guardBeadHandlers({ dispatcher, store, ledgerFor }, (bead, by) => service.acceptScriptOf(bead, by));
  registerConvoyHandlers(dispatcher, { store, projection, isRig: (ledger) => rigs.get(ledger) !== undefined });
  registerTownHandlers(service);
  registerAgentHandlers(service);
  registerMergeQueueHandlers(service);
  registerSupervisionHandlers(service);
  registerMayorHandlers(service);
  // Outside of all that tells an agent who it is: mail comes with it, whatever the role.
  registerMailHandlers(service);
  registerCrewHandlers(service);
  registerBoardHandlers(dispatcher, {
    store,
    whyNots: () => service.whyNots(),
    repositoryOf: (rig) => rigs.get(rig)?.repository,
  });
}
