import { UserError } from '../../base/errors';
import { BeadCreate, BeadCreateMany, dependencyType, type Bead, type DependencyType } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ParsedParams } from '../../protocol/request';
import { isExternal } from '../external/reference';
import { dependencyFromInput } from '../model/dependencies';
import { typeFromInput } from '../model/fields';
import { checkSections } from '../model/sections';
import type { BeadService } from './common';
import type { NewBead, Transaction } from '../store';
import { agentFields } from './agentFields';
import { batchUnless, resolveOne } from './common';

type CreateParams = ParsedParams<typeof BeadCreate.spec>;

export function registerCreateHandlers(service: BeadService): void {
  service.dispatcher.on(BeadCreate.spec, async (params, context) => {
    const parent =
      params.parent === undefined ? undefined : resolveParent(service, context, params.parent, params.ledger);
    const waitsFor = params.waitsFor && {
      ...params.waitsFor,
      id: resolveOne(service, context, params.waitsFor.id, params.ledger),
    };
    const ledger = targetLedger(service, context, params, parent);
    const deps = (params.deps ?? []).map(([type, id]) => ({
      ...dependencyFromInput(type),
      id: isExternal(id) ? id : resolveOne(service, context, id, params.ledger),
    }));
    const created = await batchUnless(params.dryRun, service.store, context, (tx) =>
      createBead(tx, ledger, { ...params, waitsFor }, parent, deps),
    );
    if (deps.some(({ id }) => isExternal(id))) await service.store.externals.refresh();
    return created;
  });
  service.dispatcher.on(BeadCreateMany.spec, (params, context) => createMany(service, context, params));
}

/**
 * Beads may refer to each other by their keys, in any order: a bead is created after its parent in the plan, and
 * dependencies are added when all beads exist.
 */
async function createMany(
  service: BeadService,
  context: CallContext,
  params: ParsedParams<typeof BeadCreateMany.spec>,
): Promise<Bead[]> {
  const { beads, edges = [], ledger: named } = params;
  const keys = new Set(beads.flatMap(({ key }) => key ?? []));
  const known = (id: string): string => (keys.has(id) || isExternal(id) ? id : resolveOne(service, context, id, named));
  const nodes = beads.map((bead) => ({
    bead,
    created: undefined as string | undefined,
    ledger: targetLedger(service, context, { ...bead, ledger: bead.ledger ?? named }, undefined),
    parent: bead.parent === undefined ? undefined : known(bead.parent),
    deps: (bead.deps ?? []).map(([type, id]) => ({ ...dependencyFromInput(type), id: known(id) })),
  }));
  const ends = edges.map(({ from, to, type }) => ({ from: known(from), to: known(to), type: type ?? 'blocks' }));
  return batchUnless(params.dryRun, service.store, context, (tx) => {
    const ids = new Map<string, string>();
    const idOf = (name: string): string => ids.get(name) ?? name;
    for (let left = nodes; left.length > 0; ) {
      const next = left.filter(({ parent }) => parent === undefined || !keys.has(parent) || ids.has(parent));
      if (next.length === 0) throw new UserError('the parents of the beads in the plan form a cycle');
      for (const node of next) {
        const { deps: _deps, ...rest } = node.bead;
        const parent = node.parent === undefined ? undefined : idOf(node.parent);
        const made = createBead(tx, node.ledger, rest, parent, [], nodes.indexOf(node));
        if (node.bead.key !== undefined) ids.set(node.bead.key, made.id);
        node.created = made.id;
      }
      left = left.filter((node) => !next.includes(node));
    }
    for (const { created = '', deps } of nodes)
      for (const { type, swap, id } of deps)
        if (swap) tx.addDependency(idOf(id), created, type);
        else tx.addDependency(created, idOf(id), type);
    for (const { from, to, type } of ends) tx.addDependency(idOf(from), idOf(to), dependencyType(type));
    return nodes.map(({ created = '' }) => tx.require(created));
  });
}

/** Creates a bead, with its dependencies. Ids are whole. */
export function createBead(
  tx: Transaction,
  ledger: string,
  params: CreateParams,
  parent: string | undefined,
  deps: { type: DependencyType; swap: boolean; id: string }[],
  place = 0,
): Bead {
  const bead: NewBead = {
    title: params.title,
    createdAfterMs: place,
    ...given({
      description: params.description,
      design: params.design,
      acceptance_criteria: params.acceptance,
      notes: params.notes,
      type: params.type,
      priority: params.priority,
      assignee: params.assignee,
      external_ref: params.externalRef,
      defer_until: params.defer,
      due_at: params.due,
      spec_id: params.specId,
      owner: tx.view.rulesOf(ledger).keepsOwner ? params.owner : undefined,
    }),
    ...(params.estimate === undefined ? {} : { estimated_minutes: params.estimate }),
    extra: extraFields(params),
    ...(params.metadata ? { metadata: params.metadata } : {}),
    ...(params.labels ? { labels: params.labels } : {}),
    ...(params.ephemeral ? { ephemeral: true } : {}),
    ...(params.id === undefined ? {} : { id: params.id }),
    ...(parent === undefined ? {} : { parent }),
  };
  if (params.type?.trim() === '') throw new UserError('invalid issue type: (empty)');
  if (params.validate) checkSections(typeFromInput(params.type ?? 'task'), params.description ?? '');
  const created = tx.create(ledger, bead);
  for (const { type, swap, id } of deps) {
    if (swap && isExternal(id))
      throw new UserError(`${id} cannot wait for a bead of this ledger`, 'Do so in the ledger of that project.');
    if (swap) tx.addDependency(id, created.id, type);
    else tx.addDependency(created.id, id, type);
  }
  if (params.waitsFor) {
    const { id, gate } = params.waitsFor;
    const settings = gate === 'any-children' ? { gate } : { gate: 'all-children' };
    tx.addDependency(created.id, id, dependencyType('waits-for'), JSON.stringify(settings));
  }
  return tx.require(created.id);
}

/** Fields of special kinds of beads only. */
function extraFields({
  molType,
  wispType,
  awaitType,
  awaitId,
  timeout,
  event,
  agent,
}: CreateParams): Record<string, unknown> {
  return given({
    mol_type: molType,
    wisp_type: wispType,
    await_type: awaitType,
    await_id: awaitId,
    timeout,
    event_kind: event?.category,
    actor: event?.actor,
    target: event?.target,
    payload: event?.payload,
    ...agentFields(agent ?? {}),
  });
}

function resolveParent(service: BeadService, context: CallContext, parent: string, ledger: string | undefined): string {
  try {
    return resolveOne(service, context, parent, ledger);
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found')
      throw new UserError(`parent issue ${parent} not found`, undefined, 'not-found');
    throw error;
  }
}

/** The ledger of a new bead: by name or prefix, else by the id or parent, else by the caller's folder. */
function targetLedger(
  service: BeadService,
  context: CallContext,
  params: CreateParams,
  parent: string | undefined,
): string {
  if (params.ledger !== undefined) return service.ledgerFor(context, params.ledger);
  if (params.prefix !== undefined) {
    const named = service.store.ledgerNamed(params.prefix);
    if (named === undefined) {
      const known = service.store
        .prefixes()
        .map(({ prefix, ledger }) => `${prefix}- (${ledger})`)
        .join(', ');
      throw new UserError(
        `no ledger has the prefix ${JSON.stringify(params.prefix)}`,
        `There are: ${known}`,
        'not-found',
      );
    }
    return named;
  }
  const byId = params.id === undefined ? undefined : service.store.ledgerOf(params.id);
  return byId ?? (parent === undefined ? undefined : service.store.ledgerOf(parent)) ?? service.ledgerFor(context);
}

/** Without the empty texts, which count as missing. */
function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
