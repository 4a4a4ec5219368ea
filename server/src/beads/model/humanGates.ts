import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { isFinished, type Graph } from '../index/blocking';
import { isHumanGate } from './closing';
import { above } from './molecule';

/**
 * Enforces that only people open gates of type `human`, with any command: an agent may not close, delete or change one,
 * remove it from the dependencies of a bead, or close a bead that waits for it.
 * @param changed ids of the beads that the batch has changed
 * @throws UserError `refused` that names the gate
 */
export function refuseOpeningHumanGates(changed: Iterable<string>, before: Graph, after: Graph): void {
  for (const id of changed) {
    const [old, now] = [before.get(id), after.get(id)];
    if (!old) continue;
    if (isClosedGate(old) && !(now && isClosedGate(now))) refuse(old);
    const [gate] = gatesOf(before, old).filter(isClosedGate);
    if (!gate || isFinished(old)) continue;
    if (!now || isFinished(now) || !gatesOf(after, now).some((other) => other.id === gate.id)) refuse(gate);
  }
}

function isClosedGate(bead: Bead): boolean {
  return isHumanGate(bead) && !isFinished(bead);
}

/** The gates that a bead, or a part of its molecule above it, waits for. */
function gatesOf(graph: Graph, bead: Bead): Bead[] {
  return [bead, ...above(graph, bead)]
    .flatMap(({ dependencies = [] }) => dependencies)
    .flatMap((edge) => (edge.type === 'blocks' ? (graph.get(edge.depends_on_id) ?? []) : []))
    .filter((target) => target.issue_type === 'gate');
}

function refuse(gate: Bead): never {
  throw new UserError(
    `${gate.id} is a gate that only a person may open`,
    `ask for it, then end the session: "gt done --status deferred -m <what is left>"; a person runs "bd close ${gate.id}"`,
    'refused',
  );
}
