import { z } from 'zod';
import { formatPath, unknownKeys } from '../check/unknownKeys';
import {
  error,
  formulaTypes,
  warning,
  type Advice,
  type Compose,
  type Formula,
  type FormulaType,
  type Path,
  type Problem,
  type Step,
  type Variable,
} from '../model';
import { readData, type Format } from './readData';

export type { Format } from './readData';

export interface Parsed {
  /** Undefined where the text is no formula at all. */
  formula?: Formula;
  /** The data as it stands in the file. */
  raw?: Record<string, unknown>;
  problems: Problem[];
}

/** Bigger than anything that a person writes; a guard against files that are no formulas. */
export const MAX_TEXT = 4_000_000;

/** Reads the text of a formula. What concerns its steps as a whole is checked when it is resolved. Never throws. */
export function parseFormula(text: string, format: Format): Parsed {
  if (text.length > MAX_TEXT) return { problems: [tooLarge(text)] };
  const read = readData(text, format);
  if ('failure' in read)
    return {
      problems: [
        error(
          'syntax',
          read.failure.at === undefined ? '' : `line ${read.failure.at.line + 1}, column ${read.failure.at.column + 1}`,
          read.failure.reason,
          [],
        ),
      ],
    };
  return { raw: read.raw, ...formulaFromData(read.raw) };
}

export function tooLarge(text: string): Problem {
  return error('too-large', '', `the file is too large (${text.length} characters)`, []);
}

/** Data → formula, where each value is of the kind that its key wants. */
export function formulaFromData(raw: Record<string, unknown>): Pick<Parsed, 'formula' | 'problems'> {
  const parsed = rawFormula.safeParse(raw);
  if (!parsed.success) return { problems: [...parsed.error.issues.map(typeProblem), ...unknownKeys(raw)] };
  const type = typeOf(parsed.data);
  const problems = unknownKeys(raw);
  if (!type)
    problems.push(
      error(
        'invalid-value',
        'type',
        `invalid value ${JSON.stringify(parsed.data.type)} (must be workflow, expansion, aspect or convoy)`,
        ['type'],
      ),
    );
  for (const [name, variable] of Object.entries(parsed.data.vars ?? {})) {
    if (typeof variable === 'object' && variable.default !== undefined && typeof variable.default !== 'string') {
      problems.push(
        warning(
          'default-text',
          `vars.${name}`,
          'the default is taken as a text; write it in quotes (bd ignores other defaults)',
          ['vars', name, 'default'],
        ),
      );
    }
  }
  return { problems, formula: formulaOf(parsed.data, type ?? 'workflow') };
}

function typeProblem(issue: z.core.$ZodIssue): Problem {
  const inner = mostSpecificIssue(issue);
  const path = inner.path.filter((part): part is string | number => typeof part !== 'symbol');
  const outer = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const problem = error('wrong-type', formatPath(outer) || 'formula', wrongTypeText(issue), path);
  return inner === issue ? problem : { ...problem, text: wrongTypeText(inner) };
}

function wrongTypeText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${kindNames[issue.expected] ?? issue.expected}`;
  return issue.code === 'invalid_union' ? unionText(issue.errors.flat()) : issue.message;
}

/** What each of the shapes that are allowed wants. */
function unionText(issues: readonly z.core.$ZodIssue[]): string {
  const wanted = [
    ...new Set(
      issues.flatMap((issue) =>
        issue.code === 'invalid_type' && issue.path.length === 0 ? [kindNames[issue.expected] ?? issue.expected] : [],
      ),
    ),
  ];
  if (wanted.length === 0) return 'has the wrong type';
  return `must be ${[wanted.slice(0, -1).join(', '), wanted.at(-1)].filter(Boolean).join(' or ')}`;
}

/** Where several shapes are allowed, what is wrong with the one that comes nearest. */
function mostSpecificIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flat()
    .filter((other) => other.path.length > 0)
    .sort((a, b) => b.path.length - a.path.length)[0];
  return inner ? mostSpecificIssue({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a table',
  record: 'a table',
};

// ---------------------------------------------------------------- what may stand in a file

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(z.string(), scalar).optional();
const text = z.string().optional();
const list = z.array(z.string()).optional();
const flag = z.boolean().optional();

interface RawStep {
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

const rawFormula = z.looseObject({
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
type RawFormula = z.output<typeof rawFormula>;

// ---------------------------------------------------------------- one spelling for everything

/** Said, or seen from what is there, in the order of the Gas Town dialect. */
function typeOf(raw: RawFormula): FormulaType | undefined {
  if (raw.type) return formulaTypes.find((type) => type === raw.type);
  if (raw.extends || raw.steps) return 'workflow';
  if (raw.legs) return 'convoy';
  if (raw.template) return 'expansion';
  return raw.aspects || raw.advice ? 'aspect' : 'workflow';
}

function formulaOf(raw: RawFormula, type: FormulaType): Formula {
  return {
    name: raw.formula?.trim() ?? '',
    description: raw.description ?? '',
    version: raw.version === undefined || raw.version === 0 ? 1 : raw.version,
    type,
    extends: raw.extends ?? [],
    vars: Object.fromEntries(Object.entries(raw.vars ?? {}).map(([name, variable]) => [name, variableOf(variable)])),
    steps: stepsOf(raw.steps, ['steps']),
    template: stepsOf(raw.template, ['template']),
    compose: composeOf(raw.compose ?? {}),
    advice: (raw.advice ?? []).map((advice, index) => adviceOf(advice, ['advice', index])),
    analyses: (raw.aspects ?? []).map((aspect) => aspect.id ?? ''),
    legs: (raw.legs ?? []).map((leg, index) => ({ id: leg.id ?? '', title: leg.title ?? '', at: ['legs', index] })),
    ...(raw.synthesis ? { synthesis: { needs: raw.synthesis.depends_on ?? [] } } : {}),
    phase: raw.phase === 'vapor' || raw.phase === 'liquid' ? raw.phase : '',
  };
}

function variableOf(raw: z.output<typeof rawVariable>): Variable {
  if (typeof raw === 'string') return { description: '', default: raw, required: false };
  return {
    description: raw.description ?? '',
    required: raw.required ?? false,
    ...(raw.default === undefined ? {} : { default: String(raw.default) }),
    ...(raw.enum ? { enum: raw.enum } : {}),
    ...(raw.pattern === undefined ? {} : { pattern: raw.pattern }),
    ...(raw.type ? { type: raw.type } : {}),
  };
}

function texts(raw: Record<string, string | number | boolean> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(raw ?? {}).map(([key, value]) => [key, String(value)]));
}

function stepsOf(raw: readonly RawStep[] | undefined, path: Path): Step[] {
  return (raw ?? []).map((step, index) => stepOf(step, [...path, index]));
}

function stepOf(raw: RawStep, at: Path): Step {
  const { gate, loop, on_complete: onComplete } = raw;
  return {
    at,
    id: raw.id ?? '',
    title: raw.title ?? '',
    description: raw.description ?? '',
    notes: raw.notes ?? '',
    acceptance: raw.acceptance ?? '',
    type: raw.type ?? '',
    priority: raw.priority ?? 2,
    labels: raw.labels ?? [],
    needs: [...new Set([...(raw.depends_on ?? []), ...(raw.needs ?? [])])],
    waitsFor: raw.waits_for?.trim() ?? '',
    assignee: raw.assignee ?? '',
    condition: raw.condition?.trim() ?? '',
    children: stepsOf(raw.children, [...at, 'children']),
    ...(raw.metadata ? { metadata: raw.metadata } : {}),
    ...(raw.expand ? { expand: { with: raw.expand, vars: texts(raw.expand_vars) } } : {}),
    ...(gate
      ? { gate: { type: gate.type ?? '', awaitId: gate.await_id ?? gate.id ?? '', timeout: gate.timeout ?? '' } }
      : {}),
    ...(loop ? { loop: { ...loop, body: stepsOf(loop.body, [...at, 'loop', 'body']) } } : {}),
    ...(onComplete
      ? {
          onComplete: {
            forEach: onComplete.for_each ?? '',
            bond: onComplete.bond ?? '',
            parallel: onComplete.parallel ?? false,
            sequential: onComplete.sequential ?? false,
          },
        }
      : {}),
  };
}

function adviceOf(raw: NonNullable<RawFormula['advice']>[number], at: Path): Advice {
  const steps = (list: RawStep[] | undefined, ...keys: Path): Step[] => stepsOf(list, [...at, ...keys]);
  return {
    at,
    target: raw.target ?? '',
    before: [...steps(raw.before, 'before'), ...steps(raw.around?.before, 'around', 'before')],
    after: [...steps(raw.around?.after, 'around', 'after'), ...steps(raw.after, 'after')],
  };
}

function composeOf(raw: NonNullable<RawFormula['compose']>): Compose {
  const at = (key: string, index: number): Path => ['compose', key, index];
  return {
    bondPoints: (raw.bond_points ?? []).map((point, index) => ({
      at: at('bond_points', index),
      id: point.id ?? '',
      description: point.description ?? '',
      afterStep: point.after_step ?? '',
      beforeStep: point.before_step ?? '',
    })),
    hooks: (raw.hooks ?? []).map((hook, index) => ({
      at: at('hooks', index),
      trigger: hook.trigger ?? '',
      attach: hook.attach ?? '',
    })),
    expand: (raw.expand ?? []).map((entry, index) => ({
      at: at('expand', index),
      target: entry.target ?? '',
      with: entry.with ?? '',
      vars: texts(entry.vars),
    })),
    map: (raw.map ?? []).map((entry, index) => ({
      at: at('map', index),
      select: entry.select ?? '',
      with: entry.with ?? '',
      vars: texts(entry.vars),
    })),
    branch: (raw.branch ?? []).map((entry, index) => ({
      at: at('branch', index),
      from: entry.from ?? '',
      steps: entry.steps ?? [],
      join: entry.join ?? '',
    })),
    gate: (raw.gate ?? []).map((entry, index) => ({
      at: at('gate', index),
      before: entry.before ?? '',
      condition: entry.condition ?? '',
    })),
    aspects: raw.aspects ?? [],
  };
}
