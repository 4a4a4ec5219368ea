import { messageOf, UserError } from '../../base/errors';
import { asPlainObject } from '../../base/objects';
import { BeadCreateMany, type Bead, type BeadCreate } from '../../protocol/bead';
import type { Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { beadsOfMarkdown } from './markdownBeads';
import { readText } from './options';

/** `bd create --file` and `bd create --graph`: create all beads or none. */

export async function createFromMarkdown(invocation: Invocation, context: BdContext, file: string): Promise<void> {
  const beads = beadsOfMarkdown(readText(file, context.process, 'reading file'));
  await createAll(invocation, context, file, { beads });
}

/**
 * A plan in the format of beads 1.0: `{"nodes": [{"key", "title", "parent_key", …}], "edges": [{"from_key", "to_key",
 * "type"}]}`; `parent_id`, `from_id` and `to_id` name beads that exist.
 */
export async function createFromPlan(invocation: Invocation, context: BdContext, file: string): Promise<void> {
  const text = readText(file, context.process, 'reading file');
  let plan: { nodes?: unknown; edges?: unknown };
  try {
    plan = JSON.parse(text) as typeof plan;
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${messageOf(error)}`);
  }
  if (!Array.isArray(plan.nodes) || plan.nodes.length === 0)
    throw new UserError(`${file} has no "nodes"`, '{"nodes": [{"key": "a", "title": "First"}], "edges": []}');
  const nodes = plan.nodes.map(asPlainObject);
  const beads = nodes.map(({ parent_key, parent_id, ...node }) => {
    const parent = parent_key ?? parent_id;
    return { ...node, ...(parent === undefined ? {} : { parent }) } as BeadCreate.Params & { key?: string };
  });
  const edges = (Array.isArray(plan.edges) ? plan.edges : []).map(asPlainObject).map((edge) => ({
    from: String(edge.from_key ?? edge.from_id ?? edge.from),
    to: String(edge.to_key ?? edge.to_id ?? edge.to),
    ...(typeof edge.type === 'string' ? { type: edge.type } : {}),
  }));
  await createAll(invocation, context, file, { beads, edges });
}

async function createAll(
  invocation: Invocation,
  context: BdContext,
  file: string,
  plan: { beads: (BeadCreate.Params & { key?: string })[]; edges?: BeadCreateMany.Params['edges'] },
): Promise<void> {
  const owner = await context.owner();
  const params = { ...plan, beads: plan.beads.map((bead) => ({ ...bead, ...owner })) };
  const created = await context.call(invocation, BeadCreateMany.spec, params);
  const keys = plan.beads.flatMap(({ key }, index) => (key === undefined ? [] : [[key, created[index]!.id] as const]));
  context.print(invocation, plan.edges ? { ids: Object.fromEntries(keys) } : created, () => [
    `${context.paint('green', '✓')} Created ${created.length} issues from ${file}:`,
    ...created.map(rowOf),
  ]);
}

function rowOf(bead: Bead): string {
  return `  ${bead.id}: ${oneLine(bead.title)} [P${bead.priority}, ${oneLine(bead.issue_type)}]`;
}
