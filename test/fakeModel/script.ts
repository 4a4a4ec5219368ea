/*
 * What the fake model says. It keeps no state of its own: which step of which script a conversation has reached stands
 * in the ids of the tool calls that the agent sends back with every request. So many agents, restarted and resumed ones
 * among them, can talk to one server at the same time.
 */

/** `when` and `unless` look at the whole request: a step that does not fit is passed over. */
interface Condition {
  when?: RegExp;
  unless?: RegExp;
}
export type Step = ({ sh: string } | { say: string }) & Condition;

export interface Script {
  /** Looked for in what the user said last; the first script that fits is played. */
  match: RegExp;
  /** `request`: looked for anywhere in the request, for what reaches the model by a hook. */
  in?: 'user' | 'request';
  steps: readonly Step[];
}

/** A conversation without what the protocols do differently, oldest first. */
export type Item =
  | { kind: 'user'; text: string }
  | { kind: 'call'; id: string }
  | { kind: 'result'; id: string; text: string }
  | { kind: 'other'; text: string };

export interface Tool {
  name: string;
  /** JSON schema of its arguments. */
  schema: Schema;
}
interface Schema {
  properties?: Record<string, { type?: string | string[]; enum?: unknown[] }>;
  required?: string[];
}

export interface Conversation {
  items: readonly Item[];
  tools: readonly Tool[];
}

export type Reply =
  | { kind: 'text'; text: string }
  | { kind: 'call'; id: string; tool: string; args: Record<string, unknown> };

/** The shell by the names that agents have for it. */
const SHELL_TOOLS: ReadonlySet<string> = new Set([
  'Bash',
  'bash',
  'run_shell_command',
  'exec_command',
  'shell',
  'shell_command',
  'launch-process',
]);
const COMMAND_ARGUMENTS: ReadonlySet<string> = new Set(['command', 'cmd', 'script']);

export const NOTHING_TO_SAY = 'There is nothing more to do.';
export const TITLE = 'A title';

/** Pure but for the last part of a call's id, which has to be another each time. */
export function replyTo(conversation: Conversation, scripts: readonly Script[]): Reply {
  const shell = conversation.tools.find((tool) => SHELL_TOOLS.has(tool.name));
  // Requests for the title of a conversation come without tools.
  if (!shell) return { kind: 'text', text: TITLE };
  const position = positionOf(conversation.items, scripts);
  if (!position) return { kind: 'text', text: NOTHING_TO_SAY };
  const request = textOf(conversation.items);
  const steps = scripts[position.script]?.steps ?? [];
  for (let index = position.step; index < steps.length; index++) {
    const step = steps[index]!;
    if ((step.when && !step.when.test(request)) || step.unless?.test(request)) continue;
    if ('say' in step) return { kind: 'text', text: step.say };
    return {
      kind: 'call',
      id: callId(position.script, index),
      tool: shell.name,
      args: argumentsOf(shell.schema, step.sh),
    };
  }
  return { kind: 'text', text: NOTHING_TO_SAY };
}

/** What the user said after our last call begins a script, if one fits; otherwise the one that was begun goes on. */
function positionOf(items: readonly Item[], scripts: readonly Script[]): { script: number; step: number } | undefined {
  const last = items.findLastIndex((item) => item.kind === 'call' && parseCallId(item.id) !== undefined);
  const call = items[last];
  const told = items
    .slice(last + 1)
    .filter((item) => item.kind === 'user')
    .reverse();
  const request = textOf(items);
  for (const { text } of told) {
    const script = scripts.findIndex(({ match, in: where }) => match.test(where === 'request' ? request : text));
    if (script >= 0) return { script, step: 0 };
  }
  const begun = call?.kind === 'call' ? parseCallId(call.id) : undefined;
  return begun && { script: begun.script, step: begun.step + 1 };
}

export function textOf(items: readonly Item[]): string {
  return items.map((item) => (item.kind === 'call' ? '' : item.text)).join('\n');
}

let calls = 0;

/** Letters, digits and underscores: other characters are not taken everywhere. */
function callId(script: number, step: number): string {
  calls += 1;
  return `call_fake_${script}_${step}_${Date.now().toString(36)}${calls.toString(36)}`;
}

/** Some agents put something of their own around an id. */
export function parseCallId(id: string): { script: number; step: number } | undefined {
  const [, script, step] = /call_fake_(\d+)_(\d+)_/.exec(id) ?? [];
  return script === undefined || step === undefined ? undefined : { script: Number(script), step: Number(step) };
}

/** The command, and something harmless for whatever else the tool insists on. */
export function argumentsOf(schema: Schema, command: string): Record<string, unknown> {
  const properties = schema.properties ?? {};
  const name = Object.keys(properties).find((key) => COMMAND_ARGUMENTS.has(key)) ?? 'command';
  const isList = [properties[name]?.type].flat().includes('array');
  const args: Record<string, unknown> = { [name]: isList ? ['sh', '-c', command] : command };
  for (const key of schema.required ?? []) if (!(key in args)) args[key] = harmless(properties[key]);
  return args;
}

function harmless(property: { type?: string | string[]; enum?: unknown[] } | undefined): unknown {
  if (property?.enum?.length) return property.enum[0];
  const [type] = [property?.type].flat();
  switch (type) {
    case 'boolean':
      return true;
    case 'number':
    case 'integer':
      return 60;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return 'A step of the test';
  }
}
