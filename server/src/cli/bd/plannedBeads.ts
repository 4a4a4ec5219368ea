import { messageOf, UserError } from '../../base/errors';
import { isPlainObject } from '../../base/objects';
import type { BeadCreate, BeadCreateMany } from '../../protocol/bead';
import { parseDeps, parseMetadata, parsePriority, parseWhen } from './options';

/** Beads of a plan (`bd create --graph`), and of a file with a JSON object in each line (`bd create --file x.jsonl`). */

type Planned = BeadCreate.Params & { key?: string };

/** Names in a file, those of the ledger's format too, and the parameter that each one sets. */
const fields = {
  key: 'key',
  id: 'id',
  title: 'title',
  type: 'type',
  issue_type: 'type',
  priority: 'priority',
  assignee: 'assignee',
  description: 'description',
  design: 'design',
  acceptance: 'acceptance',
  acceptance_criteria: 'acceptance',
  notes: 'notes',
  labels: 'labels',
  metadata: 'metadata',
  parent: 'parent',
  parent_key: 'parent',
  parent_id: 'parent',
  deps: 'deps',
  external_ref: 'externalRef',
  spec_id: 'specId',
  estimate: 'estimate',
  estimated_minutes: 'estimate',
  due: 'due',
  due_at: 'due',
  defer: 'defer',
  defer_until: 'defer',
  ephemeral: 'ephemeral',
} as const;
const edgeFields = ['from_key', 'from_id', 'from', 'to_key', 'to_id', 'to', 'type'];

const isField = (name: string): name is keyof typeof fields => Object.hasOwn(fields, name);

/** One JSON object a line. @throws UserError that names the line */
export function beadsOfLines(text: string): Planned[] {
  const beads = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const place = `line ${index + 1}`;
    return [beadOf(parseObject(line, place), place)];
  });
  if (beads.length === 0) throw new UserError('no issues found', 'One JSON object a line: {"title": "First"}');
  return beads;
}

/**
 * A plan in the format of beads 1.0: `{"nodes": [{"key", "title", "parent_key", …}], "edges": [{"from_key", "to_key",
 * "type"}]}`; `parent_id`, `from_id` and `to_id` name beads that exist.
 */
export function beadsOfPlan(text: string, file: string): Pick<BeadCreateMany.Params, 'edges'> & { beads: Planned[] } {
  const plan = parseObject(text, file);
  refuseUnknown(plan, ['commit_message', 'nodes', 'edges'], file);
  const example = '{"nodes": [{"key": "a", "title": "First"}], "edges": []}';
  if (!Array.isArray(plan.nodes) || plan.nodes.length === 0) throw new UserError(`${file} has no "nodes"`, example);
  if (plan.edges !== undefined && !Array.isArray(plan.edges))
    throw new UserError(`"edges" of ${file} is not a list`, example);
  return {
    beads: plan.nodes.map((node, index) => beadOf(objectAt(node, `node ${index + 1}`), `node ${index + 1}`)),
    edges: (plan.edges ?? []).map((edge, index) => edgeOf(objectAt(edge, `edge ${index + 1}`), `edge ${index + 1}`)),
  };
}

function beadOf(given: Record<string, unknown>, place: string): Planned {
  refuseUnknown(given, Object.keys(fields), place);
  const bead: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!isField(name) || value === null) continue;
    const parameter = fields[name];
    if (parameter in bead) throw new UserError(`${place}: ${name} is given twice, under two names`);
    bead[parameter] = at(`${place}: ${name}`, () => valueOf(parameter, value));
  }
  if (typeof bead.title !== 'string') throw new UserError(`${place} has no title`);
  return bead as unknown as Planned;
}

/** A value as the command line would have it. Everything else is checked by the ledger. */
function valueOf(parameter: (typeof fields)[keyof typeof fields], value: unknown): unknown {
  if (parameter === 'priority') return parsePriority(String(value));
  if (parameter === 'deps') return parseDeps(Array.isArray(value) ? value.join(',') : String(value));
  if (parameter === 'due' || parameter === 'defer') return parseWhen(String(value), new Date(), parameter);
  if (parameter === 'metadata') return parseMetadata(JSON.stringify(value));
  if (parameter === 'labels' && !(Array.isArray(value) && value.every((label) => typeof label === 'string')))
    throw new UserError('a list of texts is expected');
  return value;
}

function edgeOf(given: Record<string, unknown>, place: string): NonNullable<BeadCreateMany.Params['edges']>[number] {
  refuseUnknown(given, edgeFields, place);
  const end = (side: 'from' | 'to'): string => {
    const name = given[`${side}_key`] ?? given[`${side}_id`] ?? given[side];
    if (typeof name !== 'string') throw new UserError(`${place} has no ${side}_key`, 'It is the key of a node.');
    return name;
  };
  if (given.type !== undefined && typeof given.type !== 'string') throw new UserError(`${place}: type is not a text`);
  return { from: end('from'), to: end('to'), ...(given.type === undefined ? {} : { type: given.type }) };
}

function refuseUnknown(given: Record<string, unknown>, known: readonly string[], place: string): void {
  const name = Object.keys(given).find((candidate) => !known.includes(candidate));
  if (name !== undefined)
    throw new UserError(`${place}: unknown field ${JSON.stringify(name)}`, `Known: ${known.join(', ')}`);
}

function parseObject(text: string, place: string): Record<string, unknown> {
  try {
    return objectAt(JSON.parse(text), place);
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`${place} is not JSON: ${messageOf(error)}`);
  }
}

function objectAt(value: unknown, place: string): Record<string, unknown> {
  if (!isPlainObject(value)) throw new UserError(`${place} is not a JSON object`);
  return value;
}

/** Puts the place before the message of an error. */
function at<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${place}: ${error.message}`, error.hint, error.code) : error;
  }
}
