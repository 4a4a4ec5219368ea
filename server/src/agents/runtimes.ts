import path from 'node:path';
import { UserError } from '../base/errors';
import type { RuntimeInfo, RuntimeSettings } from '../protocol/town';
import { presets } from './presets';
import type { Additions, ConversationWays, HookAnswer, Place, RuntimePreset } from './presets/preset';
import { shellQuote } from '../base/shims';

/** Started by everybody who asks for them by name; a town's own runtimes cannot take their names. */
export const builtInRuntimes: Readonly<Record<string, RuntimeSettings>> = Object.fromEntries(
  Object.entries(presets).map(([name, { settings }]) => [name, settings]),
);

/** One argument may have 128 KiB on Linux; a prompt is meant to be a sentence anyway. */
const MAX_PROMPT_BYTES = 100_000;

/** @throws UserError `not-found` */
export function resolveRuntime(name: string, custom: Readonly<Record<string, RuntimeSettings>>): RuntimeInfo {
  const builtIn = Object.hasOwn(builtInRuntimes, name);
  const settings = builtIn ? builtInRuntimes[name] : Object.hasOwn(custom, name) ? custom[name] : undefined;
  if (settings) return { ...settings, name, builtIn };
  const known = [...Object.keys(builtInRuntimes), ...Object.keys(custom)];
  throw new UserError(`there is no agent runtime ${name}`, `there are: ${known.join(', ')}`, 'not-found');
}

/** What is known of the program: for a runtime of the town's own, if it says which built-in one it is like. */
export function presetOf(runtime: RuntimeInfo): RuntimePreset | undefined {
  const name = runtime.builtIn ? runtime.name : runtime.provider;
  return name !== undefined && Object.hasOwn(presets, name) ? presets[name] : undefined;
}

/** How its sessions go on with an earlier conversation; undefined where they cannot. */
export function conversationWays(runtime: RuntimeInfo): ConversationWays | undefined {
  return presetOf(runtime)?.conversation;
}

export interface CommandRequest {
  /** Undefined: a person types the first words. */
  prompt?: string;
  model?: string;
  /** An id to begin a conversation with, or that of one to go on with. */
  conversation?: { id: string; resume: boolean };
  place: Place;
}

export interface RuntimeCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** To be written before it starts; absolute paths. */
  files: { path: string; text: string }[];
}

/** How a session of a runtime is started. Pure. @throws UserError for settings that do not fit together */
export function commandFor(
  runtime: RuntimeInfo,
  { prompt, model, conversation, place }: CommandRequest,
): RuntimeCommand {
  const preset = presetOf(runtime);
  const parts: Additions[] = preset ? [preset.start?.(place) ?? {}, hooksOf(preset, place)] : [];
  const talk = conversation ? conversationArguments(preset?.conversation, conversation) : { args: [] };
  const args = [
    ...(talk.before ?? []),
    ...runtime.args,
    ...parts.flatMap((part) => part.args ?? []),
    ...(model && preset?.modelFlag ? [preset.modelFlag, model] : []),
    ...talk.args,
    ...promptArguments(runtime, prompt),
  ];
  // What the town's settings say goes before what we would choose.
  const env = Object.assign({}, ...parts.map((part) => part.env), runtime.env) as Record<string, string>;
  // For a runtime that has no flag we know of: its own wrapper may read it.
  if (model) env.GT_MODEL = model;
  const files = parts
    .flatMap((part) => part.files ?? [])
    .map(({ name, text }) => ({ path: path.join(place.home, name), text }));
  return { command: runtime.command, args, env, files };
}

function hooksOf({ hooks }: RuntimePreset, place: Place): Additions {
  return hooks
    ? hooks.deliver(
        {
          sessionStart: primeCommand(place.bin, hooks.answer),
          turnEnd: `${shellQuote(path.join(place.bin, 'gt'))} mail check --inject block`,
        },
        hooks.events,
        place,
      )
    : {};
}

function primeCommand(bin: string, answer: HookAnswer): string {
  return `${shellQuote(path.join(bin, 'gt'))} prime --hook${answer === 'text' ? '' : ` ${answer}`}`;
}

function conversationArguments(
  ways: ConversationWays | undefined,
  { id, resume }: { id: string; resume: boolean },
): { before?: string[]; args: string[] } {
  if (!ways) return { args: [] };
  return resume ? ways.resume(id) : { args: ways.begin?.(id) ?? [] };
}

function promptArguments(runtime: RuntimeInfo, prompt: string | undefined): string[] {
  if (runtime.prompt === 'none' || prompt === undefined) return [];
  if (Buffer.byteLength(prompt) > MAX_PROMPT_BYTES) throw new UserError('the prompt is too long to be an argument');
  // Never taken for an option, whatever it says.
  const text = prompt.startsWith('-') ? ` ${prompt}` : prompt;
  if (runtime.prompt === 'argument') return [text];
  if (!runtime.promptFlag)
    throw new UserError(
      `the runtime ${runtime.name} takes its prompt after a flag but does not say which`,
      'Set promptFlag in its settings.',
    );
  return [runtime.promptFlag, text];
}
