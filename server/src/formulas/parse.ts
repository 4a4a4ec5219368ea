import toml from '@iarna/toml';
import { z } from 'zod';
import { messageOf } from '../base/errors';
import { unknownKeys } from './keys';
import { error, formulaTypes, warning, type Advice, type Compose, type Formula, type FormulaType, type Problem, type Step, type Variable } from './model';

export type Format = 'toml' | 'json';

export interface Parsed {
  /** Undefined where the text is no formula at all. */
  formula?: Formula;
  /** The data as it stands in the file. */
  raw?: Record<string, unknown>;
  problems: Problem[];
}

/** Bigger than anything that a person writes; a guard against files that are no formulas. */
const MAX_TEXT = 4_000_000;

/** Reads the text of a formula. What concerns its steps as a whole is checked when it is resolved. Never throws. */
export function parseFormula(text: string, format: Format): Parsed {
  if (text.length > MAX_TEXT) return { problems: [error(`the file is too large (${text.length} characters)`)] };
  const read = readData(text, format);
  if ('problem' in read) return { problems: [read.problem] };
  const { raw } = read;
  const parsed = rawFormula.safeParse(raw);
  if (!parsed.success) return { raw, problems: [...parsed.error.issues.map(typeProblem), ...unknownKeys(raw)] };
  const type = typeOf(parsed.data);
  const problems = unknownKeys(raw);
  if (!type) problems.push(error(`type: invalid value ${JSON.stringify(parsed.data.type)} (must be workflow, expansion, aspect or convoy)`));
  for (const [name, variable] of Object.entries(parsed.data.vars ?? {})) {
    if (typeof variable === 'object' && variable.default !== undefined && typeof variable.default !== 'string') {
      problems.push(warning(`vars.${name}: the default is taken as a text; write it in quotes (bd ignores other defaults)`));
    }
  }
  return { raw, problems, formula: formulaOf(parsed.data, type ?? 'workflow') };
}

function readData(text: string, format: Format): { raw: Record<string, unknown> } | { problem: Problem } {
  try {
    const data: unknown = format === 'json' ? JSON.parse(text) : toml.parse(text.replace(/^\uFEFF/, ''));
    if (!isTable(data)) return { problem: error('a formula must be a table of keys and values') };
    return { raw: plain(data) as Record<string, unknown> };
  } catch (thrown) {
    const { line, col } = thrown as { line?: number; col?: number };
    const reason = messageOf(thrown).split('\n')[0]!.replace(/ at row \d+, col \d+, pos \d+:?$/, '');
    const where = format === 'toml' && typeof line === 'number' ? `line ${line + 1}, column ${(col ?? 0) + 1}: ` : '';
    return { problem: error(`${where}${reason}`) };
  }
}

/** TOML knows dates and whole numbers of any size; JSON, which the rest speaks, does not. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  return isTable(value) ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)])) : value;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeProblem(issue: z.core.$ZodIssue): Problem {
  const where = issue.path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`)).join('');
  const expected = issue.code === 'invalid_type' ? `must be ${kinds[issue.expected] ?? issue.expected}` : issue.code === 'invalid_union' ? 'has the wrong type' : issue.message;
  return error(`${where || 'formula'}: ${expected}`);
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a table', record: 'a table',
};

// ---------------------------------------------------------------- what may stand in a file

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(z.string(), scalar).optional();
const text = z.string().optional();
const list = z.array(z.string()).optional();
const flag = z.boolean().optional();

interface RawStep {
  id?: string; title?: string; description?: string; notes?: string; acceptance?: string; type?: string; priority?: number;
  labels?: string[]; metadata?: Record<string, unknown>; depends_on?: string[]; needs?: string[]; waits_for?: string;
  assignee?: string; expand?: string; expand_vars?: Record<string, string | number | boolean>; condition?: string;
  children?: RawStep[]; gate?: { type?: string; id?: string; await_id?: string; timeout?: string };
  loop?: { count?: number; until?: string; max?: number; range?: string; var?: string; body?: RawStep[] };
  on_complete?: { for_each?: string; bond?: string; parallel?: boolean; sequential?: boolean };
}

const rawSteps: z.ZodType<RawStep[] | undefined> = z.lazy(() => z.array(rawStep).optional());
const rawStep: z.ZodType<RawStep> = z.looseObject({
  id: text, title: text, description: text, notes: text, acceptance: text, type: text, priority: z.number().optional(),
  labels: list, metadata: z.record(z.string(), z.unknown()).optional(), depends_on: list, needs: list, waits_for: text,
  assignee: text, expand: text, expand_vars: values, condition: text, children: rawSteps,
  gate: z.looseObject({ type: text, id: text, await_id: text, timeout: text }).optional(),
  loop: z.looseObject({ count: z.number().optional(), until: text, max: z.number().optional(), range: text, var: text, body: rawSteps }).optional(),
  on_complete: z.looseObject({ for_each: text, bond: text, parallel: flag, sequential: flag }).optional(),
});

const rawVariable = z.union([z.string(), z.looseObject({
  description: text, default: scalar.optional(), required: flag, enum: list, pattern: text, type: text,
})]);

const adviceSteps = z.union([rawStep.transform((step) => [step]), z.array(rawStep)]).optional();
const named = <T extends z.ZodRawShape>(shape: T) => z.array(z.looseObject(shape)).optional();

const rawFormula = z.looseObject({
  formula: text, description: text, version: z.number().optional(), type: text, extends: list,
  vars: z.record(z.string(), rawVariable).optional(), steps: rawSteps, template: rawSteps,
  compose: z.looseObject({
    bond_points: named({ id: text, description: text, after_step: text, before_step: text, parallel: flag }),
    hooks: named({ trigger: text, attach: text, at: text, vars: values }),
    expand: named({ target: text, with: text, vars: values }), map: named({ select: text, with: text, vars: values }),
    branch: named({ from: text, steps: list, join: text }), gate: named({ before: text, condition: text }), aspects: list,
  }).optional(),
  advice: named({
    target: text, before: adviceSteps, after: adviceSteps, around: z.looseObject({ before: adviceSteps, after: adviceSteps }).optional(),
  }),
  pointcuts: named({ glob: text, type: text, label: text }), aspects: named({ id: text, title: text }),
  legs: named({ id: text, title: text }), synthesis: z.looseObject({ depends_on: list }).optional(),
  phase: text, pour: flag,
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
    name: raw.formula?.trim() ?? '', description: raw.description ?? '', version: raw.version === undefined || raw.version === 0 ? 1 : raw.version, type,
    extends: raw.extends ?? [], vars: Object.fromEntries(Object.entries(raw.vars ?? {}).map(([name, variable]) => [name, variableOf(variable)])),
    steps: (raw.steps ?? []).map(stepOf), template: (raw.template ?? []).map(stepOf), compose: composeOf(raw.compose ?? {}),
    advice: (raw.advice ?? []).map(adviceOf), analyses: (raw.aspects ?? []).map((aspect) => aspect.id ?? ''),
    legs: (raw.legs ?? []).map((leg) => ({ id: leg.id ?? '', title: leg.title ?? '' })),
    ...(raw.synthesis ? { synthesis: { needs: raw.synthesis.depends_on ?? [] } } : {}),
    phase: raw.phase === 'vapor' || raw.phase === 'liquid' ? raw.phase : '',
  };
}

function variableOf(raw: z.output<typeof rawVariable>): Variable {
  if (typeof raw === 'string') return { description: '', default: raw, required: false };
  return {
    description: raw.description ?? '', required: raw.required ?? false,
    ...(raw.default === undefined ? {} : { default: String(raw.default) }),
    ...(raw.enum ? { enum: raw.enum } : {}), ...(raw.pattern === undefined ? {} : { pattern: raw.pattern }), ...(raw.type ? { type: raw.type } : {}),
  };
}

function texts(raw: Record<string, string | number | boolean> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(raw ?? {}).map(([key, value]) => [key, String(value)]));
}

function stepOf(raw: RawStep): Step {
  const { gate, loop, on_complete: onComplete } = raw;
  return {
    id: raw.id ?? '', title: raw.title ?? '', description: raw.description ?? '', notes: raw.notes ?? '', acceptance: raw.acceptance ?? '',
    type: raw.type ?? '', priority: raw.priority ?? 2, labels: raw.labels ?? [], needs: [...new Set([...(raw.depends_on ?? []), ...(raw.needs ?? [])])],
    waitsFor: raw.waits_for?.trim() ?? '', assignee: raw.assignee ?? '', condition: raw.condition?.trim() ?? '', children: (raw.children ?? []).map(stepOf),
    ...(raw.metadata ? { metadata: raw.metadata } : {}),
    ...(raw.expand ? { expand: { with: raw.expand, vars: texts(raw.expand_vars) } } : {}),
    ...(gate ? { gate: { type: gate.type ?? '', awaitId: gate.await_id ?? gate.id ?? '', timeout: gate.timeout ?? '' } } : {}),
    ...(loop ? { loop: { ...loop, body: (loop.body ?? []).map(stepOf) } } : {}),
    ...(onComplete ? {
      onComplete: { forEach: onComplete.for_each ?? '', bond: onComplete.bond ?? '', parallel: onComplete.parallel ?? false, sequential: onComplete.sequential ?? false },
    } : {}),
  };
}

function adviceOf(raw: NonNullable<RawFormula['advice']>[number]): Advice {
  const steps = (...lists: (RawStep[] | undefined)[]): Step[] => lists.flatMap((items) => items ?? []).map(stepOf);
  return { target: raw.target ?? '', before: steps(raw.before, raw.around?.before), after: steps(raw.around?.after, raw.after) };
}

function composeOf(raw: NonNullable<RawFormula['compose']>): Compose {
  return {
    bondPoints: (raw.bond_points ?? []).map((point) => ({
      id: point.id ?? '', description: point.description ?? '', afterStep: point.after_step ?? '', beforeStep: point.before_step ?? '',
    })),
    hooks: (raw.hooks ?? []).map((hook) => ({ trigger: hook.trigger ?? '', attach: hook.attach ?? '' })),
    expand: (raw.expand ?? []).map((entry) => ({ target: entry.target ?? '', with: entry.with ?? '', vars: texts(entry.vars) })),
    map: (raw.map ?? []).map((entry) => ({ select: entry.select ?? '', with: entry.with ?? '', vars: texts(entry.vars) })),
    branch: (raw.branch ?? []).map((entry) => ({ from: entry.from ?? '', steps: entry.steps ?? [], join: entry.join ?? '' })),
    gate: (raw.gate ?? []).map((entry) => ({ before: entry.before ?? '', condition: entry.condition ?? '' })),
    aspects: raw.aspects ?? [],
  };
}
