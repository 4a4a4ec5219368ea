import { z } from 'zod';

/** The schema of a file. Unknown keys are accepted: check/unknownKeys.ts warns about them. */

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(z.string(), scalar).optional();
const text = z.string().optional();
const list = z.array(z.string()).optional();
const flag = z.boolean().optional();

export interface RawStep {
  id?: string;
  title?: string;
  description?: string;
  notes?: string;
  acceptance?: string;
  type?: string;
  priority?: number;
  labels?: string[];
  metadata?: Record<string, unknown>;
  depends_on?: string[];
  needs?: string[];
  waits_for?: string;
  assignee?: string;
  expand?: string;
  expand_vars?: Record<string, string | number | boolean>;
  condition?: string;
  children?: RawStep[];
  gate?: { type?: string; id?: string; await_id?: string; timeout?: string };
  loop?: { count?: number; until?: string; max?: number; range?: string; var?: string; body?: RawStep[] };
  on_complete?: { for_each?: string; bond?: string; parallel?: boolean; sequential?: boolean };
}

const rawSteps: z.ZodType<RawStep[] | undefined> = z.lazy(() => z.array(rawStep).optional());
const rawStep: z.ZodType<RawStep> = z.looseObject({
  id: text,
  title: text,
  description: text,
  notes: text,
  acceptance: text,
  type: text,
  priority: z.number().optional(),
  labels: list,
  metadata: z.record(z.string(), z.unknown()).optional(),
  depends_on: list,
  needs: list,
  waits_for: text,
  assignee: text,
  expand: text,
  expand_vars: values,
  condition: text,
  children: rawSteps,
  gate: z.looseObject({ type: text, id: text, await_id: text, timeout: text }).optional(),
  loop: z
    .looseObject({
      count: z.number().optional(),
      until: text,
      max: z.number().optional(),
      range: text,
      var: text,
      body: rawSteps,
    })
    .optional(),
  on_complete: z.looseObject({ for_each: text, bond: text, parallel: flag, sequential: flag }).optional(),
});

const rawVariable = z.union([
  z.string(),
  z.looseObject({
    description: text,
    default: scalar.optional(),
    required: flag,
    enum: list,
    pattern: text,
    type: text,
  }),
]);

const adviceSteps = z.union([rawStep.transform((step) => [step]), z.array(rawStep)]).optional();
const named = <T extends z.ZodRawShape>(shape: T) => z.array(z.looseObject(shape)).optional();

export const rawFormula = z.looseObject({
  formula: text,
  description: text,
  version: z.number().optional(),
  type: text,
  extends: list,
  vars: z.record(z.string(), rawVariable).optional(),
  steps: rawSteps,
  template: rawSteps,
  compose: z
    .looseObject({
      bond_points: named({ id: text, description: text, after_step: text, before_step: text, parallel: flag }),
      hooks: named({ trigger: text, attach: text, at: text, vars: values }),
      expand: named({ target: text, with: text, vars: values }),
      map: named({ select: text, with: text, vars: values }),
      branch: named({ from: text, steps: list, join: text }),
      gate: named({ before: text, condition: text }),
      aspects: list,
    })
    .optional(),
  advice: named({
    target: text,
    before: adviceSteps,
    after: adviceSteps,
    around: z.looseObject({ before: adviceSteps, after: adviceSteps }).optional(),
  }),
  pointcuts: named({ glob: text, type: text, label: text }),
  aspects: named({ id: text, title: text }),
  legs: named({ id: text, title: text }),
  synthesis: z.looseObject({ depends_on: list }).optional(),
  phase: text,
  pour: flag,
});
export type RawFormula = z.output<typeof rawFormula>;
export type RawVariable = z.output<typeof rawVariable>;
