import path from 'node:path';
import { UserError } from '../base/errors';
import type { RuntimeInfo, RuntimeSettings } from '../protocol/town';
import { presets } from './presets';
import type { Additions, ConversationWays, HookAnswer, Place, RuntimePreset } from './presets/preset';
import { shellQuote } from '../base/shims';

/** Available by name in every town; a town's own runtimes cannot use their names. */
export const builtInRuntimes: Readonly<Record<string, RuntimeSettings>> = Object.fromEntries(
  Object.entries(presets).map(([name, { settings }]) => [name, settings]),
);

/** Linux limits one argument to 128 KiB; a prompt is only a sentence or two anyway. */
const MAX_PROMPT_BYTES = 100_000;

/** The runtime of this name. @throws UserError `not-found` */
export function resolveRuntime(name: string, custom: Readonly<Record<string, RuntimeSettings>>): RuntimeInfo {
  const builtIn = Object.hasOwn(builtInRuntimes, name);
  const settings = builtIn ? builtInRuntimes[name] : Object.hasOwn(custom, name) ? custom[name] : undefined;
  if (settings) return { ...settings, name, builtIn };
  const known = [...Object.keys(builtInRuntimes), ...Object.keys(custom)];
  throw new UserError(`there is no agent runtime ${name}`, `there are: ${known.join(', ')}`, 'not-found');
}

/**
 * The preset of the runtime's program; for a town's own runtime, that of the built-in one which it names as its
 * provider.
 */
export function presetOf(runtime: RuntimeInfo): RuntimePreset | undefined {
  const name = runtime.builtIn ? runtime.name : runtime.provider;
  return name !== undefined && Object.hasOwn(presets, name) ? presets[name] : undefined;
}

/** How sessions of a runtime resume an earlier conversation; undefined if they cannot. */
export function conversationWays(runtime: RuntimeInfo): ConversationWays | undefined {
  return presetOf(runtime)?.conversation;
}

export interface CommandRequest {
  /** Undefined if the user types the first prompt. */
  prompt?: string;
  model?: string;
  /** Id of the conversation to start or to resume. */
  conversation?: { id: string; resume: boolean };
  place: Place;
}

export interface RuntimeCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** Files to write before the program starts; absolute paths. */
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
  // The town's settings override our own choices.
  const env = Object.assign({}, ...parts.map((part) => part.env), runtime.env) as Record<string, string>;
  // For runtimes without a known flag: a wrapper script of the user may read it.
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
  // A leading space, so that the text is never parsed as an option.
  const text = prompt.startsWith('-') ? ` ${prompt}` : prompt;
  if (runtime.prompt === 'argument') return [text];
  if (!runtime.promptFlag)
    throw new UserError(
      `the runtime ${runtime.name} takes its prompt after a flag but does not name the flag`,
      'Set promptFlag in its settings.',
    );
  return [runtime.promptFlag, text];
}
