import type { GateInfo } from '../../../../server/src/protocol/town';

export const GATES: readonly GateInfo[] = ['lint', 'test'].map((name) => ({ name, command: name, timeoutSeconds: 60 }));

/** What one attempt at a bead changes, or what somebody pushes from outside. Beads are named by their ids. */
export interface Change {
  /** Bead and attempt: `toy-1/2`. */
  name: string;
  bead: string;
  /** Number of its commits. */
  parts: number;
  /** Part of the repository that it changes; undefined: what all parts depend on. */
  lane?: string | undefined;
  /** A gate that fails after its commits from one to another one, counted from 1. */
  fault?: { gate: string; from: number; to: number } | undefined;
  /** Beads whose lines it changes, too. */
  conflicts: readonly string[];
  /** Beads with which it fits as text, and fails `test`. */
  clashes: readonly string[];
  /** Beads that change the lines around its own: on top of them its patch is another one. */
  neighbours: readonly string[];
  /** Beads that had landed when it was written. */
  knew: ReadonlySet<string>;
  /** Removes the faults of all that was pushed from outside before. */
  repairs?: boolean;
}

/** A change up to one of its commits. */
export interface Part {
  change: Change;
  part: number;
}

/** Files, as the changes in them, in the order in which they came in. */
export type State = readonly Part[];

/** Parts of the repository; undefined for all of it. */
export type Lanes = readonly string[] | undefined;

/**
 * The same files have the same name.
 * @param lanes only the files that gates of these parts depend on
 */
export function treeOf(state: State, lanes?: Lanes): string {
  const files = state
    .filter(({ change: { lane } }) => lanes === undefined || lane === undefined || lanes.includes(lane))
    .map(({ change, part }) => `${change.name}:${part}`)
    .sort()
    .join(' ');
  return lanes === undefined ? files : `${lanes.join('+')}| ${files}`;
}

/** The parts in which a state differs from an earlier one. */
export function lanesSince(base: State, state: State): Lanes {
  const before = new Set(base.map(({ change, part }) => `${change.name}:${part}`));
  const lanes = state
    .filter(({ change, part }) => !before.has(`${change.name}:${part}`))
    .map(({ change: { lane } }) => lane);
  return lanes.some((lane) => lane === undefined) ? undefined : [...new Set(lanes as string[])].sort();
}

/** The first gate that fails on these files: what the queue is to find out. */
export function failingGate(state: State): string | undefined {
  return GATES.find(({ name }) => fails(state, name))?.name;
}

export function fails(state: State, gate: string): boolean {
  const repaired = state.findLastIndex(({ change }) => change.repairs);
  const hasFault = state.some(({ change: { fault, bead }, part }, index) => {
    const isRepaired = bead.startsWith('outside') && index < repaired;
    return fault?.gate === gate && fault.from <= part && part <= fault.to && !isRepaired;
  });
  if (hasFault || gate !== 'test') return hasFault;
  return state.some(({ change }) => state.some((other) => meet(change, other.change, 'clashes')));
}

export function conflict(one: Change, other: Change): boolean {
  return meet(one, other, 'conflicts') || meet(other, one, 'conflicts');
}

/** Who knew the other one has written their change to fit. */
function meet(one: Change, other: Change, how: 'conflicts' | 'clashes'): boolean {
  return one[how].includes(other.bead) && !one.knew.has(other.bead) && !other.knew.has(one.bead);
}

/** Identifies what a change does on top of these files. */
export function patchOf(change: Change, onto: State): string {
  const around = change.neighbours.filter((bead) => onto.some(({ change: other }) => other.bead === bead));
  return [change.name, ...around].join(' ');
}
