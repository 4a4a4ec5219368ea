import path from 'node:path';
import { z } from 'zod';
import { readProgress } from '../agents/script/progress';
import { readTextIfPresent } from '../base/safeFiles';
import type { StepInfo } from '../protocol/town';
import type { RigLayout } from '../town/layout';
import type { FrozenBlocks } from './types';

/** Record in a polecat's folder: its bead, and the frozen script. */
const assignmentSchema = z.object({
  bead: z.string(),
  title: z.string(),
  branch: z.string(),
  base: z.string(),
  attempt: z.number(),
  script: z.array(z.string()).optional(),
  scriptSteps: z.array(z.object({ step: z.string(), blocks: z.number().int().min(0) })).optional(),
});
export type Assignment = z.output<typeof assignmentSchema>;

/** The assignment of a polecat; undefined if there is none, or it cannot be read. */
export function readAssignment(layout: RigLayout, name: string): Assignment | undefined {
  // The file is in the agent's folder: invalid content must not stop others.
  try {
    const text = readTextIfPresent(layout.assignment(name));
    return text === undefined ? undefined : assignmentSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The script that was frozen for a branch. */
export function frozenScript(assignment: Assignment | undefined, branch: string): FrozenBlocks | undefined {
  if (assignment?.branch !== branch || !assignment.script) return undefined;
  return { blocks: assignment.script, ...(assignment.scriptSteps ? { steps: assignment.scriptSteps } : {}) };
}

/** Progress file of the script runtime. */
export function progressFile(layout: RigLayout, name: string): string {
  return path.join(layout.polecat(name), 'progress.json');
}

/** Progress of the script runtime. */
export function scriptStep(layout: RigLayout, name: string): StepInfo | undefined {
  const assignment = readAssignment(layout, name);
  const total = assignment?.script?.length ?? 0;
  if (!assignment || total === 0) return undefined;
  const finished = readProgress(progressFile(layout, name), assignment.bead, assignment.attempt);
  const index = Math.min(finished + 1, total);
  return { id: 'block', title: `block ${index} of ${total}`, index, total };
}
