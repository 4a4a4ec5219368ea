import type { TownService } from './townService';
import { registerBeadHandlers } from '../beads/handlers';
import { enginesKeys } from '../engine/state/work';
import type { CallContext } from '../protocol/dispatcher';
import { registerConvoyHandlers } from '../engine/convoys/requests';
import { PlanFactsOfTown } from './planFacts';
import { townAddresses } from './townAddresses';
import { guardBatch } from './access/batchGuard';
import { guardBeadHandlers } from './access/beadGuard';
import { guardLandings } from './access/landingGuard';
import { guardMail } from './access/mailGuard';
import { guardConvoys, guardSlings } from './access/planGuard';
import { townSettingsFile } from '../town/config';
import { guardScreens } from './access/screenRules';
import { formulaPlaces, registerFormulas } from './formulas';
import { hookedBead } from '../engine/dispatch/done';
import { slungFormula } from '../engine/molecules/slungFormula';
import { registerAgentHandlers } from '../engine/dispatch/requests';
import { registerBoardHandlers } from './snapshot/boardRequests';
import { LedgerSync } from '../protocol/ledger';
import { syncLedgerNow } from '../rigs/ledgerSync';
import { registerCrewHandlers } from '../rigs/crewRequests';
import { costOfBead, type Prices } from '../engine/history/costs';
import { registerHistoryHandlers } from '../engine/history/requests';
import { registerMailHandlers } from '../engine/mail/requests';
import { registerMayorHandlers } from '../engine/mayor/requests';
import { registerMergeQueueHandlers } from '../engine/mergeQueue/requests';
import { registerPrimeHandler } from '../engine/prime/requests';
import { registerSupervisionHandlers } from '../engine/supervision/requests';
import { ledgerOfCaller } from './ledgerOfCaller';
import { registerTownHandlers } from './townRequests';

/**
 * Registers the handlers of all requests to a town. Order matters: guards wrap the handlers that were registered before
 * them.
 */
export function registerHandlers(service: TownService): void {
  const { dispatcher, layout, store, projection, rigs, runtimes, sessions, engineContext, interactive } = service;
  const addresses = townAddresses(rigs, store);
  const parts = {
    dispatcher,
    layout,
    store,
    rigs,
    runtimes,
    sessions,
    engineContext,
    isUp: () => service.town.info().up,
    changed: () => service.changed(),
  };
  const ledgerFor = (context: CallContext, named: string | undefined): string =>
    ledgerOfCaller(layout.root, rigs, context.cwd, named);
  registerBeadHandlers(dispatcher, store, { ledgerFor, protectedMetadata: enginesKeys, fixedPrefixes: true });
  dispatcher.on(LedgerSync.spec, async (params, context) => {
    const ledger = ledgerFor(context, params.ledger);
    const rig = rigs.get(ledger);
    if (rig) return syncLedgerNow(rig, store);
    await store.checkpoint();
    const { total_issues: issues } = store.stats(ledger).summary;
    const none = { committed: false, imported: 0, merged: false, pushed: false };
    return { file: store.fileOf(ledger), issues, branch: '', ...none };
  });
  registerFormulas({ dispatcher, store, ledgerFor, layout, engineContext, formulas: service.formulas });
  guardBeadHandlers({ dispatcher, store, ledgerFor }, (bead, by) => service.consents.acceptScriptOf(bead, by));
  guardBatch({ dispatcher, store, ledgerFor });
  const prices = (): Prices => townSettingsFile(layout).read().prices;
  const plans = new PlanFactsOfTown({ rigs, runtimes, work: service.work, store });
  registerConvoyHandlers(dispatcher, {
    store,
    projection,
    addresses,
    rig: (name) => plans.rig(name),
    isUp: parts.isUp,
    costOf: (bead) => costOfBead(bead, prices()),
    missingRuntimes: (beads) => plans.missingRuntimes(beads),
    featureBranchDefault: () => townSettingsFile(layout).read().feature_branch,
    commitsAhead: async (rig, branch) => rigs.get(rig)?.commitsAhead(branch),
  });
  guardConvoys(dispatcher, store);
  registerTownHandlers(service);
  registerAgentHandlers({
    ...parts,
    formula: (rig, name, given, caller) =>
      slungFormula(service.formulas, formulaPlaces(layout, caller, rig.name), rig, name, given),
  });
  guardSlings(dispatcher);
  registerHistoryHandlers(parts);
  registerMergeQueueHandlers({
    ...parts,
    engine: service.engine,
    reviewSetting: (rig) => service.work.reviewSetting(rig),
  });
  guardLandings(dispatcher, () => townSettingsFile(layout).read().mayor_may_land);
  registerSupervisionHandlers({ ...parts, engine: service.engine, whyNots: () => service.engineView.whyNots() });
  guardScreens(dispatcher);
  registerMayorHandlers({
    ...parts,
    interactive,
    isRuntimeAccepted: (name) => service.consents.isRuntimeAccepted(name),
    isScriptAccepted: (blocks) => engineContext.isAccepted.script(blocks),
    acceptScriptOf: (bead, by) => service.consents.acceptScriptOf(bead, by),
    info: () => service.town.info(),
  });
  registerMailHandlers({
    dispatcher,
    store,
    sessions,
    addresses,
    hookedBead: (agent) => hookedBead(engineContext, agent),
    mayorMayEnd: (caller) => interactive.mayorMayEnd(caller),
  });
  guardMail(dispatcher, store, addresses);
  registerPrimeHandler({
    ...parts,
    projection,
    info: () => service.town.info(),
    snapshot: () => service.feed.snapshot(),
  });
  registerCrewHandlers({ ...parts, start: (request) => interactive.start(request) });
  registerBoardHandlers(dispatcher, {
    store,
    whyNots: () => service.engineView.whyNots(),
    repositoryOf: (rig) => rigs.get(rig)?.repository,
    reviewSetting: (rig) => service.work.reviewSetting(rig),
    prices,
  });
}
