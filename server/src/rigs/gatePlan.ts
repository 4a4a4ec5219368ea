import type { GateInfo } from '../protocol/town';

/** Gates that create files which later gates use, such as installed packages. A checkout removes these files again. */
const PRODUCERS: ReadonlySet<string> = new Set(['setup', 'build']);

/** Gates that have to run in the same checkout before this one. */
export function needsOf(gate: GateInfo, gates: readonly GateInfo[]): GateInfo[] {
  const position = gates.findIndex(({ name }) => name === gate.name);
  return gates.slice(0, Math.max(0, position)).filter(({ name }) => PRODUCERS.has(name));
}

/** The gate of this name with its needs; all gates if no name is given, or the gate no longer exists. */
export function selectGates(gates: readonly GateInfo[], only: string | undefined): readonly GateInfo[] {
  const gate = gates.find(({ name }) => name === only);
  return gate ? [...needsOf(gate, gates), gate] : gates;
}

/**
 * Stages of gates: those of one stage run in parallel, one stage after another.
 * @param gates the gates to run, in the order of the rig
 */
export function stagesOf(gates: readonly GateInfo[], parallel: boolean): GateInfo[][] {
  if (!parallel) return gates.map((gate) => [gate]);
  const stages: GateInfo[][] = [];
  for (const gate of gates) {
    const needed = new Set(needsOf(gate, gates).map(({ name }) => name));
    const stage = stages.findLastIndex((names) => names.some(({ name }) => needed.has(name))) + 1;
    (stages[stage] ??= []).push(gate);
  }
  return stages;
}
