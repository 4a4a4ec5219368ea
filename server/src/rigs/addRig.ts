import { importBeads } from '../beads/handlers/file';
import type { BeadStore } from '../beads/store';
import type { inspectSource } from '../git/source';
import type { RigConfig, RigSettings } from '../town/config';
import type { TownLayout } from '../town/layout';
import { removedRig, takeBackLedger } from './removedRigs';
import { markImported } from './ledgerSync';
import type { Rig } from './rig';
import { choosePrefix, configureRig, makeRepository, makeRig, type RigAddRequest } from './setup';
import { requireImportable, trackedBeads } from './trackedBeads';

/** A rig whose files exist, but which is not registered in the town yet. */
export interface AddedRig {
  rig: Rig;
  settings: RigSettings;
  /** Whether its settings come from this request, not from an earlier one. */
  asWanted: boolean;
  prefix: string;
  /** The beads that the project itself tracks. */
  tracked: Awaited<ReturnType<typeof trackedBeads>>;
}

/**
 * Creates the repository, folder, settings and ledger of a new rig. Can be repeated, and continues after an
 * interruption.
 */
export async function makeAddedRig(
  { town, store, open }: { town: TownLayout; store: BeadStore; open: (config: RigConfig) => Rig },
  request: RigAddRequest,
  { credential, ...source }: Awaited<ReturnType<typeof inspectSource>>,
  actor: string,
): Promise<AddedRig> {
  const { name } = request;
  const tracked = await trackedBeads(await makeRepository(town, name, source, credential));
  const removed = removedRig(town, source.location);
  const prefix = choosePrefix(town, name, source, request.prefix, tracked?.info.prefix, removed?.prefix);
  if (removed?.prefix === prefix) takeBackLedger(removed, town.rig(name));
  if (request.importBeads && tracked) requireImportable(tracked, prefix);
  const rig = open(makeRig(town, { name, source, prefix }));
  const { settings, asWanted } = await configureRig(rig, request);
  await store.addLedger({ name, directory: rig.layout.ledger, prefix });
  if (request.importBeads && tracked) {
    await store.batch({ actor }, (tx) => importBeads(tx, name, tracked.text.beads));
    await markImported(rig.repository);
  }
  return { rig, settings, asWanted, prefix, tracked };
}
