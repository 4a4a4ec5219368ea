import { UserError } from '../../base/errors';
import {
  BeadDelete,
  BeadReopen,
  BeadUpdate,
  BeadValidate,
  CommentAdd,
  LabelChange,
  type Bead,
  type BeadStatus,
} from '../../protocol/bead';
import type { ParsedParams } from '../../protocol/request';
import { canonicalStatus, typeFromInput } from '../model/fields';
import { asPlainObject, isPlainObject, textsIn } from '../../base/objects';
import type { BeadService } from './common';
import type { Transaction } from '../store';
import { checkLabel } from '../model/validate';
import { agentFields, refuseOccupiedHook } from './agentFields';
import { deleteBeads, withDependents } from './deletion';
import { batchUnless, idsOrLastChanged, metaOf, refuseTemplate, resolveAll, resolveOne } from './common';

type UpdateParams = ParsedParams<typeof BeadUpdate.spec>;

export function registerChangeHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(BeadUpdate.spec, async (params, context) => {
    const given = idsOrLastChanged(service, context, params.ids, params.ledger);
    const ids = resolveAll(service, context, given, params.ledger);
    const parent = params.parent ? resolveOne(service, context, params.parent, params.ledger) : params.parent;
    if (params.claim && params.status !== undefined)
      throw new UserError('--claim sets the status itself and cannot be combined with --status');
    if (params.claim && params.assignee !== undefined)
      throw new UserError('--claim sets the assignee itself and cannot be combined with --assignee');
    const kept = service.protectedMetadata ?? [];
    return store.batch(metaOf(context), (tx) =>
      ids.map((id) => updateBead(tx, id, { ...params, parent }, context.actor, kept)),
    );
  });
  dispatcher.on(BeadReopen.spec, async (params, context) => {
    const ids = resolveAll(service, context, params.ids, params.ledger);
    return store.batch(metaOf(context), (tx) => ids.map((id) => tx.reopen(id, params.reason)));
  });
  dispatcher.on(BeadDelete.spec, async (params, context) => {
    const named = resolveAll(service, context, params.ids, params.ledger);
    return batchUnless(params.dryRun, store, context, (tx) =>
      deleteBeads(tx, params.cascade ? withDependents(tx, named) : named, params.reason),
    );
  });
  dispatcher.on(LabelChange.spec, async (params, context) => {
    const ids = resolveAll(service, context, params.ids, params.ledger);
    checkLabel(params.label);
    return store.batch(metaOf(context), (tx) =>
      ids.map((id) => {
        const changed = params.change === 'add' ? tx.addLabel(id, params.label) : tx.removeLabel(id, params.label);
        return { status: params.change === 'add' ? 'added' : 'removed', issue_id: id, label: params.label, changed };
      }),
    );
  });
  dispatcher.on(BeadValidate.spec, async (params, context) => {
    const id = resolveOne(service, context, params.id, params.ledger);
    return store.batch(metaOf(context), (tx) => {
      const { validations } = tx.require(id);
      const record = {
        validator: { name: tx.actor },
        outcome: params.outcome,
        timestamp: tx.now.toISOString(),
        ...(params.score === undefined ? {} : { score: params.score }),
        ...(params.type === undefined ? {} : { validation_type: params.type }),
        ...(params.signals === undefined ? {} : { quality_signals: params.signals }),
        ...(params.message === undefined ? {} : { message: params.message }),
      };
      return tx.update(id, {
        validations: [...(Array.isArray(validations) ? (validations as unknown[]) : []), record],
      });
    });
  });
  dispatcher.on(CommentAdd.spec, async (params, context) => {
    const id = resolveOne(service, context, params.id, params.ledger);
    if (params.author !== undefined && context.kind === 'agent' && params.author !== context.actor)
      throw new UserError('an agent comments under its own name', undefined, 'refused');
    return store.batch(metaOf(context), (tx) => tx.comment(id, params.text, params.author));
  });
}

/** Changes a bead. @param kept metadata keys that survive a replacement of all metadata */
export function updateBead(
  tx: Transaction,
  id: string,
  params: UpdateParams,
  actor: string,
  kept: readonly string[],
): Bead {
  const bead = tx.require(id);
  refuseTemplate(bead);
  if (params.ifAssignee !== undefined && (bead.assignee ?? '') !== params.ifAssignee)
    throw new UserError(
      bead.assignee ? `${id} is assigned to ${bead.assignee}` : `${id} is not assigned`,
      undefined,
      'conflict',
    );
  if (params.claim) claim(tx, bead, actor);
  const { status, ...fields } = patchOf(tx.require(id), params, kept);
  tx.update(id, fields);
  changeLabels(tx, id, params);
  if (params.parent !== undefined) tx.setParent(id, params.parent === '' ? undefined : params.parent);
  // Closing always runs the checks of `bd close`, whatever the command.
  if (status === 'closed')
    tx.close(id, 'Closed', params.closedBySession === undefined ? {} : { session: params.closedBySession });
  else if (status !== undefined) tx.update(id, leavingDeferred(tx.require(id), status, params));
  return tx.require(id);
}

/** Compare-and-set: an assigned bead keeps its assignee. Claiming one's own bead again changes nothing. */
function claim(tx: Transaction, bead: Bead, actor: string): void {
  const mine = bead.assignee === actor;
  if (bead.assignee && !mine)
    throw new UserError(`Error claiming ${bead.id}: issue already claimed by ${bead.assignee}`, undefined, 'conflict');
  if (mine && ['in_progress', 'hooked'].includes(bead.status)) return;
  if (bead.status !== 'open' && !(bead.status === 'deferred' && bead.defer_until)) {
    throw new UserError(`Error claiming ${bead.id}: its status is ${bead.status}`, undefined, 'conflict');
  }
  tx.update(bead.id, { assignee: actor, status: 'in_progress', defer_until: undefined });
}

function patchOf(bead: Bead, params: UpdateParams, kept: readonly string[]): Partial<Bead> {
  const patch: Partial<Bead> = {};
  const set = <K extends keyof Bead>(key: K, value: Bead[K] | undefined): void => {
    if (value !== undefined) patch[key] = value === '' && key !== 'title' ? undefined : value;
  };
  set('title', params.title);
  set('description', params.description);
  set('design', params.design);
  set('acceptance_criteria', params.acceptance);
  set('notes', params.notes);
  set('priority', params.priority);
  set('assignee', params.assignee);
  set('external_ref', params.externalRef);
  set('defer_until', params.defer);
  set('due_at', params.due);
  set('spec_id', params.specId);
  set('await_id', params.awaitId);
  set('estimated_minutes', params.estimate);
  if (params.agent) {
    refuseOccupiedHook(bead, params.agent);
    Object.assign(patch, agentFields(params.agent));
  }
  if (params.addWaiters || params.removeWaiters) {
    const waiters = [...new Set([...textsIn(bead.waiters), ...(params.addWaiters ?? [])])];
    const left = waiters.filter((waiter) => !params.removeWaiters?.includes(waiter));
    patch.waiters = left.length > 0 ? left : undefined;
  }
  if (params.ephemeral !== undefined) patch.ephemeral = params.ephemeral || undefined;
  if (params.type !== undefined) patch.issue_type = typeFromInput(params.type);
  if (params.status !== undefined) patch.status = canonicalStatus(params.status);
  if (params.appendNotes) patch.notes = [params.notes ?? bead.notes, params.appendNotes].filter(Boolean).join('\n');
  if (params.metadata) patch.metadata = { ...keptMetadata(bead.metadata, kept), ...params.metadata };
  if (params.metadataChanges) patch.metadata = mergedMetadata(params.metadata ?? bead.metadata, params.metadataChanges);
  return patch;
}

function keptMetadata(old: unknown, kept: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(asPlainObject(old)).filter(([key]) => kept.includes(key)));
}

/** Keys are set one by one and null removes one, so that keys of other programs survive. */
function mergedMetadata(old: unknown, changes: Record<string, unknown>): Record<string, unknown> | undefined {
  const merged = { ...(isPlainObject(old) ? old : {}), ...changes };
  const entries = Object.entries(merged).filter(([, value]) => value !== null);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function changeLabels(tx: Transaction, id: string, params: UpdateParams): void {
  if (params.setLabels) {
    const wanted = new Set(params.setLabels.filter((label) => label !== ''));
    for (const label of tx.require(id).labels ?? []) if (!wanted.has(label)) tx.removeLabel(id, label);
    for (const label of wanted) tx.addLabel(id, label);
  }
  for (const label of params.addLabels ?? []) tx.addLabel(id, label);
  for (const label of params.removeLabels ?? []) tx.removeLabel(id, label);
}

/** Clears the old date of a bead that stops being deferred, so that it does not stay hidden. */
function leavingDeferred(bead: Bead, status: BeadStatus, params: UpdateParams): Partial<Bead> {
  const leaves = bead.status === 'deferred' && status !== 'deferred' && params.defer === undefined;
  return leaves ? { status, defer_until: undefined } : { status };
}
