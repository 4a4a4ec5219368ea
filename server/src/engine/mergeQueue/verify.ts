import { UserError } from '../../base/errors';
import type { CallContext } from '../../protocol/dispatcher';
import type { VerifyResult } from '../../protocol/town';
import { VERIFY_LANE } from '../../rigs/gateRunner';
import { parseAddress } from '../../town/layout';
import { hookedBead } from '../dispatch/done';
import { requireRig, type EngineContext } from '../loop/context';
import type { Engine } from '../loop/engine';
import { basesOf, workOf } from '../state/work';

/**
 * Runs the gates on the commits of a polecat. The results are stored by files and commands, so the merge queue reuses
 * them for the same files. They do not depend on the agent: the server runs the rig's own commands in a clean checkout.
 * @throws UserError if the rig does not allow it, or something is not committed
 */
export async function verifyWork(
  { context, engine }: { context: EngineContext; engine: Pick<Engine, 'exclusive'> },
  { kind, agent }: CallContext,
): Promise<VerifyResult> {
  const address = agent === undefined ? undefined : parseAddress(agent);
  if (kind !== 'agent' || agent === undefined || address?.role !== 'polecats')
    throw new UserError('gt verify is for a polecat, about its own work', 'see "gt mq log" for other work', 'refused');
  const rig = requireRig(context, address.rig);
  if (!rig.mergeQueue.preVerified)
    throw new UserError(
      `${rig.name} runs its gates in the merge queue only`,
      'run the commands of "gt prime" yourself, then "gt done"; a person can allow it: "gt rig set <rig> pre_verified=true"',
      'refused',
    );
  const bead = hookedBead(context, agent);
  if (!bead) throw new UserError('you have no work to verify', 'see "gt hook"', 'not-found');
  const work = workOf(bead);
  const { commit } = await rig.submittable(address.name, {
    branch: work.branch!,
    bases: basesOf(work),
    authors: [agent, ...(work.formerWorkers ?? [])],
  });
  const result = await engine.exclusive(`verify:${rig.name}`, () =>
    rig.runGates(commit, { mergeRequest: bead.id, target: VERIFY_LANE }, () => undefined),
  );
  const gates = rig.gates.map(({ name }) => name);
  if (result.passed) return { bead: bead.id, commit, gates };
  const { gate, problem, output } = result;
  return { bead: bead.id, commit, gates, failed: { gate, problem, output } };
}
