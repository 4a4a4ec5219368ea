import type { BeadStore, Transaction } from '../beads/store';
import { UserError } from '../base/errors';
import { requireSegment } from '../git/names';
import type { Bead } from '../protocol/bead';
import type { CallContext } from '../protocol/dispatcher';
import type { SlingResult } from '../protocol/town';
import { CONVOY, isClosed, slingableTypes, withWork, workOf } from './work';

export interface SlingRequest {
  beads: string[];
  rig: string;
  agent?: string;
  runtime?: string;
  model?: string;
}

/**
 * Asks that beads be worked on. It only writes the wish down: the reconciler hooks each bead when it is ready
 * and a worker is free. A bead that no open convoy tracks gets one of its own.
 */
export async function sling(store: BeadStore, context: CallContext, request: SlingRequest): Promise<SlingResult[]> {
  if (context.kind === 'agent') throw new UserError('an agent does not sling work', 'create a bead; a person or a convoy slings it', 'refused');
  const name = request.agent === undefined ? undefined : requireSegment('agent', request.agent.replace(/^polecats\//, ''));
  if (name && request.beads.length > 1) throw new UserError('one agent takes one bead at a time', `sling to ${request.rig} without a name`);
  const ids = [...new Set(request.beads.map((id) => store.resolve(id)))];
  return store.batch(context, (tx) => ids.map((id) => slingOne(tx, store, context, request, id, name)));
}

function slingOne(tx: Transaction, store: BeadStore, context: CallContext, request: SlingRequest, id: string, name: string | undefined): SlingResult {
  const bead = tx.get(id);
  if (!bead || bead.status === 'tombstone') throw new UserError(`there is no bead ${id}`, 'see "bd list"', 'not-found');
  refuseUnslingable(bead, store.ledgerOf(id), request.rig);
  const work = workOf(bead);
  const running = ['hooked', 'in_progress', 'in_review'].includes(bead.status);
  if (running && !work.held) {
    if (name && bead.assignee && !bead.assignee.endsWith(`/${name}`)) throw new UserError(`${id} is on the hook of ${bead.assignee}`, undefined, 'conflict');
    return { bead: id, rig: request.rig, convoy: convoyOf(tx, store, bead), changed: false };
  }
  const slung = { rig: request.rig, by: context.actor, at: new Date().toISOString(), agent: name, runtime: request.runtime, model: request.model };
  const fresh = bead.status === 'failed' || (bead.status === 'open' && bead.assignee !== undefined);
  tx.update(id, {
    // What failed begins anew with a fresh polecat; what was stopped goes on where it was.
    ...(fresh ? { status: 'open', assignee: undefined } : {}),
    metadata: withWork(bead, { slung, held: undefined, notBefore: undefined, problem: undefined, ...(fresh ? { attempt: 0, deaths: 0 } : {}) }),
  });
  tx.event({ type: 'sling_requested', bead: id, rig: request.rig, message: bead.title });
  return { bead: id, rig: request.rig, convoy: convoyOf(tx, store, bead), changed: true };
}

function refuseUnslingable(bead: Bead, ledger: string | undefined, rig: string): void {
  if (isClosed(bead.status)) throw new UserError(`${bead.id} is closed`, `"bd reopen ${bead.id}" first`, 'conflict');
  if (bead.status === 'deferred') throw new UserError(`${bead.id} is deferred`, `"bd update ${bead.id} --status open" first`, 'conflict');
  if (!slingableTypes.has(bead.issue_type)) throw new UserError(`${bead.id} is of type ${bead.issue_type}, which no agent works on`);
  if (ledger !== rig && ledger !== 'hq') throw new UserError(`${bead.id} belongs to ${ledger}, not to ${rig}`, `sling it to ${ledger}`, 'conflict');
}

/** The convoy that tracks a bead; made here where there is none, so that all work is seen to land. */
function convoyOf(tx: Transaction, store: BeadStore, bead: Bead): string {
  const open = store.dependents(bead.id, 'tracks').find((convoy) => convoy.issue_type === CONVOY && !isClosed(convoy.status));
  if (open) return open.id;
  const convoy = tx.create('hq', {
    title: `Work: ${bead.title}`.slice(0, 200), type: CONVOY, status: 'open',
    metadata: { convoy: { launched_at: new Date().toISOString() } },
  });
  tx.addDependency(convoy.id, bead.id, 'tracks');
  return convoy.id;
}
