import { UserError } from '../base/errors';
import type { RuntimeInfo, RuntimeSettings } from '../protocol/town';
import { claudeEnvironment, claudeSettings } from './claude';

/** What a runtime can do beyond being started with a prompt. Custom runtimes have none of it. */
interface Abilities {
  modelFlag?: string;
  /** Arguments that name a new conversation, and that go on with an old one. */
  conversation?: { begin(id: string): string[]; resume(id: string): string[] };
  /** A settings file beside the worktree: how it is passed and what it holds. */
  settings?: { file: string; flag: string; text(gt: string): string };
  environment?(asRoot: boolean): Record<string, string>;
}

/** Started by everybody who asks for them by name; a town's own runtimes cannot take their names. */
export const builtInRuntimes: Readonly<Record<string, RuntimeSettings>> = {
  script: { command: 'gt', args: ['runtime', 'script'], env: {}, prompt: 'none' },
  claude: { command: 'claude', args: ['--dangerously-skip-permissions'], env: {}, prompt: 'argument' },
};

const abilities: Readonly<Record<string, Abilities>> = {
  claude: {
    modelFlag: '--model',
    conversation: { begin: (id) => ['--session-id', id], resume: (id) => ['--resume', id] },
    settings: { file: 'claude-settings.json', flag: '--settings', text: claudeSettings },
    environment: claudeEnvironment,
  },
};

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

export interface CommandRequest {
  /** Undefined: a person types the first words. */
  prompt?: string;
  model?: string;
  /** An id to begin a conversation with, or that of one to go on with. */
  conversation?: { id: string; resume: boolean };
  /** Absolute path; see `settingsFor`. */
  settingsFile?: string;
  /** The session will run as the system's administrator. */
  asRoot?: boolean;
}

export interface RuntimeCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** What to resume it by later; undefined where the runtime cannot. */
  conversation?: string;
}

/** How a session of a runtime is started. Pure. @throws UserError for settings that do not fit together */
export function commandFor(runtime: RuntimeInfo, request: CommandRequest): RuntimeCommand {
  const can = abilitiesOf(runtime);
  const args = [...runtime.args];
  if (can.settings && request.settingsFile) args.push(can.settings.flag, request.settingsFile);
  const conversation = can.conversation ? request.conversation : undefined;
  if (can.conversation && conversation) {
    args.push(...(conversation.resume ? can.conversation.resume(conversation.id) : can.conversation.begin(conversation.id)));
  }
  if (can.modelFlag && request.model) args.push(can.modelFlag, request.model);
  args.push(...promptArguments(runtime, request.prompt));
  const env = { ...can.environment?.(request.asRoot ?? false), ...runtime.env };
  // For a runtime that has no flag we know of: its own wrapper may read it.
  if (request.model) env.GT_MODEL = request.model;
  return { command: runtime.command, args, env, conversation: conversation?.id };
}

/**
 * The settings file that the runtime wants beside the worktree, in the agent's home: name and text.
 * @param gt absolute path of the `gt` that its hooks call
 */
export function settingsFor(runtime: RuntimeInfo, gt: string): { file: string; text: string } | undefined {
  const { settings } = abilitiesOf(runtime);
  return settings && { file: settings.file, text: settings.text(gt) };
}

/** Whether sessions of it can go on with an earlier conversation. */
export function canResume(runtime: RuntimeInfo): boolean {
  return abilitiesOf(runtime).conversation !== undefined;
}

function abilitiesOf(runtime: RuntimeInfo): Abilities {
  return (runtime.builtIn && abilities[runtime.name]) || {};
}

function promptArguments(runtime: RuntimeInfo, prompt: string | undefined): string[] {
  if (runtime.prompt === 'none' || prompt === undefined) return [];
  if (Buffer.byteLength(prompt) > MAX_PROMPT_BYTES) throw new UserError('the prompt is too long to be an argument');
  // Never taken for an option, whatever it says.
  const text = prompt.startsWith('-') ? ` ${prompt}` : prompt;
  if (runtime.prompt === 'argument') return [text];
  if (!runtime.promptFlag) throw new UserError(`the runtime ${runtime.name} takes its prompt after a flag but does not say which`, 'Set promptFlag in its settings.');
  return [runtime.promptFlag, text];
}
