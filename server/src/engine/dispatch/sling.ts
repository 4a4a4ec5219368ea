import type { BeadStore, Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { Proto } from '../../formulas/cook/proto';
import { requireSegment } from '../../git/names';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { SlingResult } from '../../protocol/town';
import { parseAddress } from '../../town/layout';
import { newConvoy } from '../convoys/startConvoy';
import { pausedBeads } from '../convoys/wanted';
import { attachMolecule, refuseStep, type SlungFormula } from '../molecules/molecules';
import { workBelow, withoutEpics } from './epics';
import { requestsIn } from '../mergeQueue/requestIndex';
import { requeue } from '../mergeQueue/requeue';
import { CONVOY, isClosed, slingableTypes, withWork, workOf } from '../state/work';

export interface SlingRequest {
  beads: string[];
  rig: string;
  agent?: string;
  runtime?: string;
  model?: string;
  /** Formula whose steps the agent follows. */
  formula?: SlungFormula;
}

/**
 * Requests work on beads. It only records the request: the reconciler hooks each bead once it is ready and a worker is
 * free. A bead without an open convoy gets its own; the beads below an epic share one.
 */
export async function sling(store: BeadStore, context: CallContext, request: SlingRequest): Promise<SlingResult[]> {
  const name =
    request.agent === undefined ? undefined : requireSegment('agent', request.agent.replace(/^polecats\//, ''));
  const named = [...new Set(request.beads.map((id) => store.resolve(id)))];
  const ids = withoutEpics(store, named);
  if (name && ids.length > 1)
    throw new UserError('one agent takes one bead at a time', `sling to ${request.rig} without a name`);
  const protos = await cookFor(store, ids, request.formula);
  const results = await store.batch(context, (tx) => {
    const convoys = new Map<string, string>();
    for (const id of named) for (const work of trackEpic(tx, store, id)) convoys.set(...work);
    return ids.map((id) => slingOne(tx, store, context, request, { id, name, proto: protos.get(id), convoys }));
  });
  const paused = pausedBeads(store);
  return results.map((result) => (paused.has(result.bead) ? { ...result, pausedBy: paused.get(result.bead) } : result));
}

/** Creates one convoy for the beads below an epic that are in no convoy. @returns convoy id by bead id */
function trackEpic(tx: Transaction, store: BeadStore, id: string): [bead: string, convoy: string][] {
  const epic = tx.get(id);
  if (epic?.issue_type !== 'epic' || isClosed(epic.status)) return [];
  const untracked = workBelow(store, epic).filter((bead) => openConvoyOf(store, bead) === undefined);
  if (untracked.length === 0) return [];
  const convoy = createConvoy(tx, epic.title, untracked);
  return untracked.map((bead) => [bead.id, convoy]);
}

/**
 * Cooks the formula for each bead in its current state. Cooking runs in another thread, so it happens before the batch.
 */
async function cookFor(
  store: BeadStore,
  ids: readonly string[],
  formula: SlungFormula | undefined,
): Promise<Map<string, Proto>> {
  const protos = new Map<string, Proto>();
  for (const id of formula ? ids : []) {
    const bead = store.get(id);
    if (bead) protos.set(id, await formula!.cook(bead));
  }
  return protos;
}

function slingOne(
  tx: Transaction,
  store: BeadStore,
  context: CallContext,
  request: SlingRequest,
  {
    id,
    name,
    proto,
    convoys,
  }: { id: string; name: string | undefined; proto: Proto | undefined; convoys: ReadonlyMap<string, string> },
): SlingResult {
  const convoyOf = (bead: Bead): string => convoys.get(bead.id) ?? trackingConvoy(tx, store, bead);
  const bead = tx.get(id);
  if (!bead || bead.status === 'tombstone') throw new UserError(`there is no bead ${id}`, 'see "bd list"', 'not-found');
  refuseUnslingable(bead, store.ledgerOf(id), request.rig);
  refuseStep(tx, bead);
  const work = workOf(bead);
  const running = ['hooked', 'in_progress', 'in_review'].includes(bead.status);
  const isWaiting = work.held === true || work.paused !== undefined;
  if (running && !isWaiting) {
    if (name && bead.assignee && !bead.assignee.endsWith(`/${name}`))
      throw new UserError(`${id} is on the hook of ${bead.assignee}`, undefined, 'conflict');
    if (request.formula)
      throw new UserError(
        `${id} is in progress already`,
        'its steps cannot be changed any more; stop it first, or sling it without a formula',
        'conflict',
      );
    return { bead: id, rig: request.rig, convoy: convoyOf(bead), changed: false };
  }
  if (running && request.formula)
    throw new UserError(
      `${id} was started already`,
      'it resumes where it stopped; sling it without a formula',
      'conflict',
    );
  const slung = {
    rig: request.rig,
    by: context.actor,
    at: new Date().toISOString(),
    agent: name,
    runtime: request.runtime,
    model: request.model,
  };
  const waiting = bead.status === 'failed' ? exhaustedMerge(tx, store, id) : undefined;
  if (waiting && request.formula)
    throw new UserError(
      `the work on ${id} is done and only has to be merged`,
      'sling it without a formula',
      'conflict',
    );
  if (waiting) {
    requeue(tx, waiting, bead, { slung });
    tx.event({ type: 'sling_requested', bead: id, rig: request.rig, message: bead.title });
    return { bead: id, rig: request.rig, convoy: convoyOf(bead), changed: true };
  }
  const molecule = proto ? attachMolecule(tx, bead, store.ledgerOf(id) ?? request.rig, proto) : work.molecule;
  const fresh = bead.status === 'failed' || (bead.status === 'open' && bead.assignee !== undefined);
  tx.update(id, {
    // Failed work starts over with a fresh polecat; stopped work resumes.
    ...(fresh ? { status: 'open', assignee: undefined } : {}),
    metadata: withWork(bead, {
      slung,
      molecule,
      held: undefined,
      paused: undefined,
      notBefore: undefined,
      problem: undefined,
      ...(fresh
        ? {
            attempt: 0,
            deaths: 0,
            startFailures: 0,
            reviews: [],
            olderRejections: undefined,
            handoff: undefined,
            silence: undefined,
          }
        : {}),
    }),
  });
  tx.event({ type: 'sling_requested', bead: id, rig: request.rig, message: bead.title });
  return { bead: id, rig: request.rig, convoy: convoyOf(bead), changed: true };
}

/** Statuses from which work can start, resume or start over. */
const SLINGABLE = new Set(['open', 'hooked', 'in_progress', 'in_review', 'failed']);

function refuseUnslingable(bead: Bead, ledger: string | undefined, rig: string): void {
  if (isClosed(bead.status)) throw new UserError(`${bead.id} is closed`, `"bd reopen ${bead.id}" first`, 'conflict');
  if (!SLINGABLE.has(bead.status))
    throw new UserError(`${bead.id} is ${bead.status}`, `"bd update ${bead.id} --status open" first`, 'conflict');
  if (bead.assignee && !parseAddress(bead.assignee))
    throw new UserError(
      `${bead.id} is ${bead.assignee}'s`,
      `take it from them first: "bd update ${bead.id} --assignee ''"`,
      'conflict',
    );
  if (!slingableTypes.has(bead.issue_type))
    throw new UserError(`${bead.id} is of type ${bead.issue_type}, which no agent works on`);
  if (ledger !== rig && ledger !== 'hq')
    throw new UserError(`${bead.id} belongs to ${ledger}, not to ${rig}`, `sling it to ${ledger}`, 'conflict');
}

/** The merge request that failed after too many attempts. */
function exhaustedMerge(tx: Transaction, store: BeadStore, id: string): Bead | undefined {
  const request = requestsIn(store)
    .openOf(id)
    .find((candidate) => candidate.status === 'failed');
  return request && tx.get(request.id);
}

/** The convoy that tracks a bead, created if there is none, so that all work has a convoy that lands. */
function trackingConvoy(tx: Transaction, store: BeadStore, bead: Bead): string {
  return openConvoyOf(store, bead) ?? createConvoy(tx, `Work: ${bead.title}`, [bead]);
}

function openConvoyOf(store: BeadStore, bead: Bead): string | undefined {
  return store.dependents(bead.id, 'tracks').find((convoy) => convoy.issue_type === CONVOY && !isClosed(convoy.status))
    ?.id;
}

function createConvoy(tx: Transaction, title: string, beads: readonly Bead[]): string {
  return newConvoy(tx, { title: cutBytes(title, 400), status: 'open', beads, launched: true }).id;
}
