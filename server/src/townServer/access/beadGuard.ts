import { UserError } from '../../base/errors';
import type { BeadStore } from '../../beads/store';
import { dependencyFromInput } from '../../beads/model/dependencies';
import { typeFromInput } from '../../beads/model/fields';
import type { BeadService } from '../../beads/handlers/common';
import { idsOrLastChanged, resolveAll, resolveOne } from '../../beads/handlers/common';
import { isPlanned } from '../../engine/convoys/convoys';
import { isHooked } from '../../engine/state/townView';
import { CONVOY, engineTypes, enginesKeys } from '../../engine/state/work';
import {
  BeadClose,
  BeadCreate,
  BeadCreateMany,
  BeadDelete,
  BeadMove,
  BeadReopen,
  BeadReplace,
  BeadUpdate,
  type Bead,
} from '../../protocol/bead';
import { DependencyAdd, DependencyRemove, RelationChange } from '../../protocol/dependency';
import { LedgerImport, LedgerImportPart, LedgerMerge } from '../../protocol/ledger';
import type { CallContext } from '../../protocol/dispatcher';
import { refuseForeignStep } from './stepRules';

/** Protects the engine's data on a bead: a client that could write it could dispatch or merge. */
export function refuseEngineData(params: {
  type?: string;
  metadata?: Record<string, unknown>;
  metadataChanges?: Record<string, unknown>;
}): void {
  // Parsed like in the handler: `mr` is short for one of them.
  const wanted = params.type === undefined ? undefined : typeFromInput(params.type);
  const type = engineTypes.find((candidate) => candidate === wanted);
  if (type)
    throw new UserError(
      `beads of type ${type} are created by the town itself`,
      type === 'convoy' ? 'use "gt convoy create"' : type === 'message' ? 'use "gt mail send"' : undefined,
      'refused',
    );
  const given = { ...params.metadata, ...params.metadataChanges };
  const key = enginesKeys.find((candidate) => candidate in given);
  if (key) throw new UserError(`the metadata key "${key}" belongs to the engine`, 'use "gt sling"', 'refused');
}

/**
 * Protects work on a hook or in the merge queue, which ends with `gt done` and a merge. An agent that closed, deleted
 * or reassigned such a bead, its own or another's, would orphan the commits.
 */
export function refuseWorkInHand(store: BeadStore, ids: readonly string[], context: CallContext): void {
  if (context.kind !== 'agent') return;
  for (const partial of ids) {
    const bead = store.get(store.resolve(partial));
    if (bead && refuseForeignStep(store, bead, context)) continue;
    if (!bead || !(isHooked(bead) || bead.status === 'in_review')) continue;
    throw bead.assignee === context.agent
      ? new UserError(`${bead.id} is on your hook`, 'run "gt done": it is closed when its work is merged', 'refused')
      : new UserError(`${bead.id} is assigned to ${bead.assignee ?? 'another agent'}`, 'leave it to them', 'refused');
  }
}

/**
 * Protects merge requests, convoys and escalations, which belong to the engine and to people, and mail, which has an
 * author. An agent that changed one would bypass the merge queue, launch convoys, suppress escalations, or forge
 * messages.
 */
export function refuseEngineBeads(store: BeadStore, ids: readonly string[], context: CallContext): void {
  if (context.kind !== 'agent') return;
  for (const partial of ids) {
    const bead = store.get(store.resolve(partial));
    if (!bead || !engineTypes.includes(bead.issue_type)) continue;
    if (bead.issue_type === 'message')
      throw new UserError(
        `${bead.id} is a mail`,
        `use "gt mail ack ${bead.id}" or "gt mail reply"; a request to the Mayor: "gt mayor plan"`,
        'refused',
      );
    throw new UserError(
      `${bead.id} is of type ${bead.issue_type}, which only people and the town itself may change`,
      'comment on it with "bd comments add", or ask a person: "gt mail send --human …"',
      'refused',
    );
  }
}

/** Adds these checks to the handlers of beads, and records scripts that are written through this town's socket. */
export function guardBeadHandlers(service: BeadService, acceptScript: (bead: Bead, by: string) => void): void {
  guardChanges(service, acceptScript);
  guardEdges(service);
  service.dispatcher.wrap(LedgerImport.spec, (next) => async (params, context) => {
    refuseImportByAgent(context);
    return next(params, context);
  });
  service.dispatcher.wrap(LedgerMerge.spec, (next) => async (params, context) => {
    refuseImportByAgent(context);
    return next(params, context);
  });
  service.dispatcher.wrap(LedgerImportPart.spec, (next) => async (params, context) => {
    refuseImportByAgent(context);
    return next(params, context);
  });
}

function refuseImportByAgent({ kind }: CallContext): void {
  if (kind === 'agent')
    throw new UserError(
      'an agent may not import beads',
      'a person has to import them; create new ones with "bd create"',
      'refused',
    );
}

function guardChanges(service: BeadService, acceptScript: (bead: Bead, by: string) => void): void {
  const { dispatcher, store } = service;
  dispatcher.wrap(BeadCreate.spec, (next) => async (params, context) => {
    refuseEngineData(params);
    // `blocks:x` makes x wait for the new bead: so it is an edge of x.
    for (const [type, id] of params.deps ?? [])
      if (dependencyFromInput(type).swap) refuseEdge(service, id, params.ledger, context);
    const bead = await next(params, context);
    if (!params.dryRun) acceptScript(bead, context.actor);
    return bead;
  });
  dispatcher.wrap(BeadCreateMany.spec, (next) => async (params, context) => {
    const keys = new Set(params.beads.flatMap(({ key }) => key ?? []));
    for (const bead of params.beads) {
      refuseEngineData(bead);
      for (const [type, id] of bead.deps ?? [])
        if (dependencyFromInput(type).swap && !keys.has(id)) refuseEdge(service, id, params.ledger, context);
    }
    for (const { from } of params.edges ?? []) if (!keys.has(from)) refuseEdge(service, from, params.ledger, context);
    const beads = await next(params, context);
    if (!params.dryRun) for (const bead of beads) acceptScript(bead, context.actor);
    return beads;
  });
  dispatcher.wrap(BeadUpdate.spec, (next) => async (params, context) => {
    refuseEngineData(params);
    const ids = idsMeant(service, params, context);
    refuseEngineBeads(store, ids, context);
    if (params.status !== undefined || params.assignee !== undefined || params.claim)
      refuseWorkInHand(store, ids, context);
    const beads = await next(params, context);
    if (params.description !== undefined) for (const bead of beads) acceptScript(bead, context.actor);
    return beads;
  });
  dispatcher.wrap(BeadReplace.spec, (next) => async (params, context) => {
    const ids = idsMeant(service, { ...params, ids: [params.id] }, context);
    refuseEngineBeads(store, ids, context);
    refuseWorkInHand(store, ids, context);
    return next(params, context);
  });
  dispatcher.wrap(BeadMove.spec, (next) => async (params, context) => {
    const bead = store.get(resolveOne(service, context, params.id, params.ledger));
    if (bead) refuseMove(bead);
    return next(params, context);
  });
  dispatcher.wrap(BeadDelete.spec, (next) => async (params, context) => {
    if (context.kind === 'agent' && params.cascade)
      throw new UserError('an agent may only delete beads that it names', 'leave out --cascade', 'refused');
    return next(params, context);
  });
  for (const spec of [BeadClose.spec, BeadReopen.spec, BeadDelete.spec]) {
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, context) => {
      const ids = idsMeant(service, params, context);
      refuseEngineBeads(store, ids, context);
      refuseWorkInHand(store, ids, context);
      return next(params, context);
    });
  }
}

/** Refuses to move a bead that branches or merge requests refer to by id, or that the town itself created. */
function refuseMove({ id, issue_type, status, assignee }: Bead): void {
  if (engineTypes.includes(issue_type))
    throw new UserError(`${id} is of type ${issue_type}, which stays in its ledger`, undefined, 'refused');
  if (status === 'hooked' || status === 'in_progress' || status === 'in_review')
    throw new UserError(
      `${id} is being worked on by ${assignee ?? 'an agent'}`,
      'move it when that is merged, or end it first: "gt polecat nuke"',
      'conflict',
    );
}

function guardEdges(service: BeadService): void {
  for (const spec of [DependencyAdd.spec, DependencyRemove.spec]) {
    service.dispatcher.wrap<typeof spec>(spec, (next) => async (params, context) => {
      refuseEdge(service, params.from, params.ledger, context);
      return next(params, context);
    });
  }
  service.dispatcher.wrap(RelationChange.spec, (next) => async (params, context) => {
    for (const id of [params.a, params.b]) refuseEdge(service, id, params.ledger, context);
    return next(params, context);
  });
}

/** Exactly the ids that the handler will change: the same part of an id may mean another bead in another ledger. */
function idsMeant(
  service: BeadService,
  params: { ids: readonly string[]; ledger?: string },
  context: CallContext,
): string[] {
  if (context.kind !== 'agent') return [];
  const ids = idsOrLastChanged(service, context, params.ids, params.ledger);
  return resolveAll(service, context, ids, params.ledger);
}

/**
 * Refuses agents edges of launched convoys and of merge requests: beads of a launched convoy are dispatched, and
 * dependencies of a merge request delay it. Plans may be changed.
 */
export function refuseEdge(service: BeadService, from: string, ledger: string | undefined, context: CallContext): void {
  if (context.kind !== 'agent') return;
  const bead = service.store.get(resolveOne(service, context, from, ledger));
  if (!bead || !engineTypes.includes(bead.issue_type) || (bead.issue_type === CONVOY && isPlanned(bead))) return;
  throw new UserError(
    `an agent may not change the dependencies of ${bead.id} (${bead.issue_type})`,
    bead.issue_type === CONVOY
      ? 'only a person may change a running convoy; an agent may plan one: "gt convoy create … --stage"'
      : 'ask a person to do this',
    'refused',
  );
}
