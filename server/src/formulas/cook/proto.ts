import { durationNs } from '../../base/duration';
import { scriptBlocks } from '../../base/scriptBlocks';
import { unique } from '../../base/objects';
import { cutBytes } from '../../base/text';
import { CompositionError, type Budget, type Place } from '../limits';
import { DEFAULT_PRIORITY, pathWithin, type Formula, type Gate, type Step } from '../model';
import { stepTypes } from '../schema';
import { spawnerOf } from '../steps';
import { namesInScripts, scriptPlaceholder, substitute, substituteDeep, type Values } from './variables';

/** Titles of beads are limited. */
const MAX_TITLE_BYTES = 400;

/** The bead that a step becomes. */
export interface ProtoStep {
  id: string;
  title: string;
  type: string;
  priority: number;
  description?: string;
  notes?: string;
  acceptance?: string;
  labels: string[];
  assignee?: string;
  needs: string[];
  /** Id of the step that contains it. */
  parent?: string;
  metadata?: Record<string, unknown>;
  /** The script blocks of its description, without values: those reach a script as `$GT_VAR_<name>`, never as text. */
  script?: string[];
  waitsFor?: { gate: 'all-children' | 'any-children'; spawner?: string };
  /** For a gate: its condition, and the timeout in nanoseconds. */
  gate?: { type: string; awaitId: string; timeout?: number };
}

/** A cooked formula: the beads that pouring creates, in their order. */
export interface Proto {
  formula: string;
  version: number;
  title: string;
  description: string;
  phase: 'liquid' | 'vapor';
  vars: Record<string, string>;
  steps: ProtoStep[];
}

/**
 * The beads of composed steps, containers before their children and gates before their steps.
 * @throws CompositionError if the strings get too long
 */
export function protoOf(formula: Formula, steps: readonly Step[], values: Values, budget: Budget): Proto {
  const writer = new ProtoWriter(values, budget);
  for (const step of steps) writer.add(step, undefined);
  const title = Object.hasOwn(formula.vars, 'title') ? values.title : undefined;
  const description = Object.hasOwn(formula.vars, 'desc') ? values.desc : undefined;
  return {
    formula: formula.name,
    version: formula.version,
    title: oneLine(title || formula.name),
    description: description || writer.fill(formula.description, { where: 'description', path: ['description'] }),
    phase: formula.phase === 'vapor' ? 'vapor' : 'liquid',
    vars: { ...values },
    steps: writer.steps,
  };
}

class ProtoWriter {
  readonly steps: ProtoStep[] = [];

  constructor(
    private readonly values: Values,
    private readonly budget: Budget,
  ) {}

  fill(text: string, place: Place): string {
    const filled = substitute(text, this.values, this.budget, place);
    this.budget.addText(filled.length, place);
    return filled;
  }

  add(step: Step, parent: string | undefined): void {
    const gate = step.gate && this.gateStep(step, step.gate, parent);
    if (gate) this.steps.push(gate);
    this.steps.push(this.step(step, parent, gate?.id));
    for (const child of step.children) this.add(child, step.id);
  }

  private step(step: Step, parent: string | undefined, gateId: string | undefined): ProtoStep {
    const place = { where: `step ${step.id}`, path: pathWithin(step, 'description') };
    const unsafe = namesInScripts(step.description).find((name) => Object.hasOwn(this.values, name));
    if (unsafe !== undefined) {
      const { text, hint } = scriptPlaceholder(unsafe);
      throw new CompositionError(place, text, hint);
    }
    const fill = (text: string): string => this.fill(text, place);
    const type = step.children.length > 0 ? 'epic' : stepTypes.includes(step.type) ? step.type : 'task';
    const texts = {
      description: fill(step.description),
      notes: fill(step.notes),
      acceptance: fill(step.acceptance),
      assignee: fill(step.assignee).trim(),
      parent,
    };
    const waitsFor = waitsForOf(step);
    const labels = step.labels.map(fill).filter((label) => label.trim() !== '');
    const metadata = step.metadata && substituteDeep(step.metadata, this.values, this.budget, place);
    if (metadata) this.budget.addText(JSON.stringify(metadata).length, place);
    return {
      id: step.id,
      title: oneLine(fill(step.title)) || step.id,
      type,
      priority: step.priority ?? DEFAULT_PRIORITY,
      labels: unique(waitsFor ? [...labels, `gate:${waitsFor.gate}`] : labels),
      ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text)),
      ...(metadata ? { metadata: metadata as Record<string, unknown> } : {}),
      ...scriptOf(step.description),
      needs: unique([...step.needs, ...(gateId === undefined ? [] : [gateId])]),
      ...(waitsFor ? { waitsFor } : {}),
    };
  }

  private gateStep(step: Step, gate: Gate, parent: string | undefined): ProtoStep {
    const place = { where: `gate of step ${step.id}`, path: ['steps'] };
    const [type, awaitId] = [this.fill(gate.type, place), this.fill(gate.awaitId, place)];
    const timeout = durationNs(this.fill(gate.timeout, place));
    return {
      id: `gate-${step.id}`,
      title: oneLine(`Gate: ${type} ${awaitId}`),
      type: 'gate',
      priority: step.priority ?? DEFAULT_PRIORITY,
      description: `Async gate for step ${step.id}`,
      labels: [],
      needs: step.needs,
      ...(parent === undefined ? {} : { parent }),
      gate: { type, awaitId, ...(timeout === undefined ? {} : { timeout }) },
    };
  }
}

/** The script of a description; none if a block is not closed. */
function scriptOf(description: string): { script?: string[] } {
  try {
    const script = scriptBlocks(description);
    return script.length > 0 ? { script } : {};
  } catch {
    return {};
  }
}

function waitsForOf(step: Step): ProtoStep['waitsFor'] {
  if (step.waitsFor === '') return undefined;
  return {
    gate: step.waitsFor === 'any-children' ? 'any-children' : 'all-children',
    spawner: spawnerOf(step.waitsFor) ?? step.needs[0],
  };
}

/** A title: one line of at most 400 bytes. */
function oneLine(text: string): string {
  return cutBytes(
    text
      .slice(0, MAX_TITLE_BYTES * 4)
      .replace(/\s+/g, ' ')
      .trim(),
    MAX_TITLE_BYTES,
  );
}
