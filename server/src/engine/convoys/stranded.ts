import type { Bead } from '../../protocol/bead';
import type { WhyNot } from '../../protocol/board';
import type { StrandedConvoy } from '../../protocol/town';
import { trackedBeads } from './convoys';
import { openConvoys } from './wanted';
import { isClosed, isLaunched, workOf } from '../state/work';
import type { BeadStore } from '../../beads/store';

const AT_WORK = new Set(['hooked', 'in_progress', 'in_review']);

/** Why a bead is not being worked on. */
interface Reasons {
  of(bead: Bead): WhyNot[];
}

/**
 * Open convoys without progress, now or later: they were not started, or every open bead has failed, were stopped, wait
 * for one of those, or belong to a person.
 */
export function strandedConvoys(store: BeadStore, why: Reasons): StrandedConvoy[] {
  return openConvoys(store).flatMap((convoy): StrandedConvoy[] => {
    const { id, title } = convoy;
    const tracked = trackedBeads(store, convoy);
    if (tracked.length === 0) return [{ id, title, kind: 'empty', reasons: [`add beads: gt convoy add ${id} <bead>`] }];
    const open = tracked.filter((bead) => !isClosed(bead.status));
    const isStarted = (bead: Bead): boolean =>
      isLaunched(convoy) || AT_WORK.has(bead.status) || workOf(bead).slung !== undefined;
    if (open.length === 0 || open.some((bead) => isStarted(bead) && goesOn(store, bead, why.of(bead)))) return [];
    if (!open.some(isStarted)) return [{ id, title, kind: 'ready', reasons: [`start them: gt convoy launch ${id}`] }];
    const reasons = open.map(
      (bead) => `${bead.id}: ${isStarted(bead) ? reasonText(bead, why.of(bead)) : 'not slung yet'}`,
    );
    return [{ id, title, kind: 'stuck', reasons }];
  });
}

function goesOn(store: BeadStore, bead: Bead, reasons: readonly WhyNot[]): boolean {
  if (bead.status === 'in_review') return true;
  if (bead.status === 'failed') return false;
  return reasons.every((reason) => passes(store, reason));
}

/** Whether this reason ends without help. */
function passes(store: BeadStore, reason: WhyNot): boolean {
  switch (reason.kind) {
    case 'backoff':
      return true;
    case 'deferred':
      return reason.until !== undefined;
    case 'unmerged':
    case 'unlanded':
      return true;
    case 'overlap':
      return isAtWork(store.get(reason.bead.id));
    case 'waits':
      return reason.beads.some(({ id }) => isAtWork(store.get(id)));
    case 'parent':
      return isAtWork(store.get(reason.bead.id));
    default:
      return false;
  }
}

function isAtWork(bead: Bead | undefined): boolean {
  return bead !== undefined && AT_WORK.has(bead.status) && !workOf(bead).held;
}

function reasonText(bead: Bead, reasons: readonly WhyNot[]): string {
  if (bead.status === 'failed') return `failed: ${workOf(bead).problem ?? 'see its page'}`;
  return reasons.map(words).join('; ') || bead.status;
}

function words(reason: WhyNot): string {
  switch (reason.kind) {
    case 'waits':
      return `waits for ${reason.beads.map(({ id }) => id).join(', ')}`;
    case 'unmerged':
      return `waits for the merge of ${reason.beads.map(({ id }) => id).join(', ')}`;
    case 'unlanded':
      return `waits for ${reason.bead.id}, which lands with ${reason.convoy.id}`;
    case 'parent':
      return `waits for its parent ${reason.bead.id}`;
    case 'overlap':
      return `would touch ${reason.files.join(', ')}, as ${reason.bead.id} does`;
    case 'person':
      return `is ${reason.name}'s`;
    case 'stopped':
      return 'was stopped by a person';
    case 'convoy-paused':
      return `its convoy ${reason.convoy.id} is paused`;
    case 'escalated':
      return `its agent needs help: ${reason.message}`;
    case 'steps':
      return reason.gates.length > 0
        ? `waits for the gate ${reason.gates.map(({ id }) => id).join(', ')}`
        : `waits for the step ${reason.steps[0]?.id ?? ''}`;
    case 'rig':
      return `the rig ${reason.name} cannot be used`;
    case 'consent':
      return `${reason.name} waits for consent`;
    case 'status':
      return `is ${reason.status}`;
    case 'type':
      return `is of type ${reason.type}, which no agent works on`;
    case 'deferred':
      return reason.until ? `is deferred until ${reason.until}` : 'is deferred';
    case 'backoff':
      return `is tried again at ${reason.until}`;
    case 'unslung':
      return 'not slung yet';
    case 'paused':
      return 'the engine is paused';
  }
}
