import type { RuntimeSettings } from '../../protocol/town';
import type { TokenUsage } from '../../protocol/usage';

/*
 * A runtime is data: how an agent's command line program is started for unattended work, in a terminal that nobody
 * watches. Two rules hold for all of them:
 *
 * - We write no files into the worktree: files for a program are in the agent's home next to it.
 * - The program keeps using the user's own configuration folder, which contains their login. We change settings only
 *   for one process, by options and variables.
 */

/** The agent that a session is started for, with absolute paths. */
export interface Place {
  /** Folder for our files, next to the worktree. */
  home: string;
  worktree: string;
  /** Folder of the `gt` and `bd` that the agent calls. */
  bin: string;
  /** The session will run as root. */
  asRoot: boolean;
  /** The user's variables, with those of the runtime's settings. */
  env: Readonly<Record<string, string>>;
}

/**
 * Arguments, variables and files that a preset adds to the start of a session. Files are named relative to the agent's
 * home.
 */
export interface Additions {
  args?: string[];
  env?: Record<string, string>;
  files?: { name: string; text: string }[];
}

/** Command lines for the shell. */
export interface HookCommands {
  /**
   * At the start, after a resume and, if the program supports it, after a compaction. Its output is given to the model.
   */
  sessionStart: string;
  /**
   * At the end of a turn, to hand over mail. According to their documentation all programs accept the same answer: JSON
   * that cancels the end and gives the reason, which the model reads; no output if there is no mail.
   */
  turnEnd?: string;
}

/**
 * How a hook answers so that the model sees it: as plain text, or as JSON with `additionalContext` inside
 * `hookSpecificOutput` (`nested`) or at the top (`flat`).
 */
export type HookAnswer = 'text' | 'nested' | 'flat';

export interface Hooks {
  /** The program's own names for our events. */
  events: Record<keyof HookCommands, string>;
  answer: HookAnswer;
  deliver(commands: HookCommands, events: Hooks['events'], place: Place): Additions;
}

/** Where to search for a conversation. */
export interface ConversationPlace {
  env: Readonly<Record<string, string>>;
  worktree: string;
  /** The id that the session was started with. */
  id: string;
  /** Start time of the session, in milliseconds. */
  since: number;
}

/** How a session resumes the conversation of an interrupted one. It must never resume another conversation. */
export interface ConversationWays {
  /** Arguments that set the id of a new conversation, for programs that support it. */
  begin?(id: string): string[];
  /** `before` comes before all options (a subcommand), `args` right before the prompt. */
  resume(id: string): { before?: string[]; args: string[] };
  /**
   * The id of the conversation if the program has kept it; otherwise a new conversation starts, because many programs
   * exit at once if asked for one that does not exist. Without this function the last conversation in the folder is
   * resumed, but never twice in a row, since it may not exist.
   */
  find?(place: ConversationPlace): string | undefined;
  /**
   * The tokens that a conversation has used, by model; undefined if the program has kept no record of it. Only for
   * programs whose records are known.
   */
  usage?(place: ConversationPlace): Promise<TokenUsage[] | undefined>;
}

/** A screen on which the program waits for a person. */
export interface Dialog {
  /** Matched against the visible screen without frames and line breaks. */
  pattern: RegExp;
  /** A predicate to follow "it ". */
  says: string;
}

export interface RuntimePreset {
  /** The version that was tested from sling to merge, or how else the preset was verified. */
  checked: string;
  settings: RuntimeSettings;
  modelFlag?: string;
  conversation?: ConversationWays;
  hooks?: Hooks;
  start?(place: Place): Additions;
  dialogs: readonly Dialog[];
}
