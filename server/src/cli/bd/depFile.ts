import { UserError } from '../../base/errors';
import { isPlainObject } from '../../base/objects';
import { plural } from '../../base/text';
import { BeadBatch } from '../../protocol/batch';
import type { Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined, readText } from './options';

/** `bd dep add --file`: adds the dependencies in a file, all or none. */

interface Edge {
  from: string;
  to: string;
  type?: string | undefined;
}

/** @param type of the dependencies without a type of their own */
export async function addFromFile(
  invocation: Invocation,
  context: BdContext,
  file: string,
  type: string | undefined,
): Promise<void> {
  const edges = edgesIn(readText(file, context.process));
  if (edges.length === 0) throw new UserError(`there are no dependencies in ${file}`, 'One JSON object a line.');
  const operations = edges.map((edge) => ({
    op: 'dep-add' as const,
    from: edge.from,
    to: edge.to,
    ...defined({ type: edge.type ?? type }),
  }));
  await context.call(invocation, BeadBatch.spec, { operations });
  const added = edges.map((edge) => ({
    issue_id: edge.from,
    depends_on_id: edge.to,
    type: edge.type ?? type ?? 'blocks',
  }));
  context.print(invocation, { status: 'added', count: added.length, dependencies: added }, () => [
    `${context.paint('green', '✓')} Added ${plural(added.length, 'dependency', 'dependencies')}:`,
    ...added.map((edge) => `  ${edge.issue_id} depends on ${edge.depends_on_id} (${edge.type})`),
  ]);
}

/** @throws UserError that names the line */
function edgesIn(text: string): Edge[] {
  return text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [edgeIn(line, index + 1)]));
}

function edgeIn(line: string, number: number): Edge {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError(`line ${number} is not JSON`, 'Expected {"from": id, "to": id}. Nothing was added.');
  }
  const edge = isPlainObject(value) ? edgeOf(value) : undefined;
  if (edge === undefined)
    throw new UserError(
      `line ${number} is not a dependency`,
      'Expected {"from": id, "to": id, "type": type}. Nothing was added.',
    );
  return edge;
}

/** Either form of a dependency; the long one is that of issues.jsonl, with more fields. */
function edgeOf(value: Record<string, unknown>): Edge | undefined {
  const isShort = Object.keys(value).every((key) => ['from', 'to', 'type'].includes(key));
  const [from, to] = isShort ? [value.from, value.to] : [value.issue_id, value.depends_on_id];
  const { type } = value;
  if (typeof from !== 'string' || typeof to !== 'string' || from === '' || to === '') return undefined;
  if (type === undefined) return { from, to };
  return typeof type === 'string' ? { from, to, type } : undefined;
}
