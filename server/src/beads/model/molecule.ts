import type { Bead } from '../../protocol/bead';
import { descendantsOf, isFinished, parentsOf, type Graph } from '../index/blocking';

/** A molecule is a bead of this type; its steps are its descendants by `parent-child`. */
export const MOLECULE = 'molecule';
/** Dependency from a molecule to the bead whose work it describes. */
export const ATTACHED_TO = 'attached-to';

type Reader = Pick<Graph, 'get'>;

/** The nearest molecule above a bead, which is then one of its steps. */
export function moleculeAbove(reader: Reader, bead: Bead): Bead | undefined {
  return above(reader, bead).find((ancestor) => ancestor.issue_type === MOLECULE);
}

/** All ancestors by their first parents, the nearest first. */
export function above(reader: Reader, bead: Bead): Bead[] {
  const found: Bead[] = [];
  const seen = new Set([bead.id]);
  for (let next = parentsOf(bead)[0]; next !== undefined && !seen.has(next); ) {
    seen.add(next);
    const parent = reader.get(next);
    if (!parent) break;
    found.push(parent);
    next = parentsOf(parent)[0];
  }
  return found;
}

/** Unfinished molecules that describe the work on this bead. */
export function attachedMolecules(graph: Graph, id: string): Bead[] {
  return graph
    .dependents(id)
    .filter(({ bead, edge }) => edge.type === ATTACHED_TO && bead.issue_type === MOLECULE && !isFinished(bead))
    .map(({ bead }) => bead);
}

/** The bead whose work a molecule describes. */
export function attachedTo(molecule: Bead): string | undefined {
  return molecule.dependencies?.find((edge) => edge.type === ATTACHED_TO)?.depends_on_id;
}

/** Unfinished steps of a molecule. */
export function openSteps(graph: Graph, molecule: Bead): Bead[] {
  return descendantsOf(graph, molecule.id).filter((step) => !isFinished(step));
}
