import { UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import { parseAddress } from '../../town/layout';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { DoneResult, DoneStatus } from '../../protocol/agent';
import type { Transaction } from '../../beads/store';
import { escalate } from '../escalation/escalation';
import { requestsIn } from '../mergeQueue/requestIndex';
import { submitWork } from '../mergeQueue/submit';
import { requireRig, type EngineContext } from '../loop/context';
import { hasChangedSince, openStepsOf } from '../molecules/openSteps';
import { isHooked } from '../state/townView';
import { mergeOf, withWork, workOf } from '../state/work';

/** How an agent ends its work. */
export interface DoneRequest {
  status: DoneStatus;
  /** Note for the reviewer; required if there is no change. */
  message?: string | undefined;
  /** Priority of the merge request; defaults to the bead's. */
  priority?: number | undefined;
}

interface Finished {
  context: EngineContext;
  caller: CallContext;
  agent: string;
  bead: Bead;
  rig: string;
  name: string;
  message: string | undefined;
  priority: number | undefined;
}

const MAX_MESSAGE_BYTES = 4_000;

/**
 * The bead on an agent's hook: the one that the engine assigned, not others that the agent has claimed, such as its
 * current step.
 */
export function hookedBead(context: EngineContext, agent: string) {
  return context.store
    .list({ assignee: agent, status: ['hooked', 'in_progress'], limit: 0 })
    .find((bead) => workOf(bead).branch !== undefined);
}

/**
 * `gt done`: ends the agent's session. It submits the branch, or states why there is no change or what blocks the
 * agent. Calling it again returns the first result.
 */
export async function done(context: EngineContext, caller: CallContext, request: DoneRequest): Promise<DoneResult> {
  const agent = caller.agent;
  const address = agent ? parseAddress(agent) : undefined;
  if (!agent || !address)
    throw new UserError(
      '"gt done" is for an agent in its own session',
      'run it in the terminal of the agent',
      'refused',
    );
  const bead = hookedBead(context, agent);
  if (!bead) return alreadySubmitted(context, agent);
  const message = request.message?.trim() ? cutBytes(request.message.trim(), MAX_MESSAGE_BYTES) : undefined;
  const { priority } = request;
  const finished = { context, caller, agent, bead, rig: address.rig, name: address.name, message, priority };
  if (request.status === 'completed') return submit(finished, false);
  if (message === undefined)
    throw new UserError(
      `"gt done --status ${request.status}" needs a reason`,
      `give it with -m: "gt done --status ${request.status} -m <why>"`,
      'invalid',
    );
  return request.status === 'no-change' ? submit(finished, true) : pause(finished, request.status, message);
}

async function submit(
  { context, caller, agent, bead, message, priority }: Finished,
  noChange: boolean,
): Promise<DoneResult> {
  const mergeRequest = await submitWork(context, caller, { bead, agent, message, priority, noChange });
  return { mergeRequest, bead: bead.id, status: noChange ? 'no-change' : 'completed' };
}

/** The bead stays assigned, with its worktree; the next session gets the message. */
async function pause(finished: Finished, status: 'escalated' | 'deferred', message: string): Promise<DoneResult> {
  const { context, caller, agent, bead, rig, name } = finished;
  const progress = await requireRig(context, rig).progress(name);
  const at = context.clock.now().toISOString();
  return context.store.batch(caller, (tx) => {
    const current = requireHooked(tx, bead.id, agent);
    // The engine notices when the molecule can continue; anything else needs a person.
    const steps = status === 'deferred' ? openStepsOf(tx.view, current) : undefined;
    // The agent may not have seen that a gate opened or that a step was closed elsewhere: another session checks.
    const isUnseen =
      status === 'deferred' && hasChangedSince(tx.view, current, { agent, since: startOf(context, agent) });
    const mark = isUnseen ? UNSEEN : steps?.mark;
    tx.update(bead.id, {
      status: 'hooked',
      metadata: withWork(current, {
        paused: { status, message, mark },
        handoff: { message, at, progress, idle: 0 },
        held: mark === undefined ? true : undefined,
        problem: cutBytes(firstLine(message), 300),
      }),
    });
    tx.event({ type: 'handed_off', bead: bead.id, agent, rig, message: firstLine(message) });
    if (status === 'escalated')
      escalate(tx, {
        key: bead.id,
        bead: bead.id,
        rig,
        agent,
        by: agent,
        title: `${agent} needs help with ${bead.id}: ${cutBytes(firstLine(message), 200)}`,
        detail: `${bead.title}\n\n${message}\n\nIts worktree is kept. Help, then sling ${bead.id} again: it continues where it stopped.`,
      });
    return { bead: bead.id, status };
  });
}

/** Replaces the mark of a molecule that was changed by others during the session. */
const UNSEEN = 'unseen';

/**
 * Start of the agent's session in milliseconds since 1970. It may have been killed during `gt done`, so ended sessions
 * count, too.
 */
function startOf({ sessions }: EngineContext, agent: string): number {
  return sessions.all().find((session) => session.agent === agent)?.startedAt ?? 0;
}

function requireHooked(tx: Transaction, id: string, agent: string): Bead {
  const current = tx.get(id);
  if (current?.assignee !== agent || !isHooked(current))
    throw new UserError(`${id} is no longer on your hook`, undefined, 'conflict');
  return current;
}

function alreadySubmitted(context: EngineContext, agent: string): DoneResult {
  const request = requestsIn(context.store)
    .open()
    .find((candidate) => mergeOf(candidate)?.worker === agent);
  const merge = request && mergeOf(request);
  if (!request || !merge) throw new UserError('there is nothing on your hook', 'see "gt hook"', 'conflict');
  return { mergeRequest: request.id, bead: merge.source, status: merge.noChange ? 'no-change' : 'completed' };
}
