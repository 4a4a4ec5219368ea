import type { RuntimeSettings } from '../../protocol/town';

/**
 * A runtime is data: how an agent's command line program is started for unattended work, in a terminal that nobody
 * watches. Two rules hold for all of them:
 *
 * - Nothing of ours goes into the worktree: what a program reads from a file lies in the agent's home beside it.
 * - The person's own configuration folder stays the program's: their login is in there. What we change, we change for
 *   one process, by options and variables.
 */

/** The agent that a session is started for, with absolute paths. */
export interface Place {
  /** Beside the worktree: files of ours. */
  home: string;
  worktree: string;
  /** Folder of the `gt` and `bd` that the agent calls. */
  bin: string;
  /** The session will run as the system's administrator. */
  asRoot: boolean;
  /** The person's variables, with those that the runtime's settings add. */
  env: Readonly<Record<string, string>>;
}

/** What is added to the start of a session. Files are named relative to the agent's home. */
export interface Additions {
  args?: string[];
  env?: Record<string, string>;
  files?: { name: string; text: string }[];
}

/** Command lines for the shell. */
export interface HookCommands {
  /**
   * At the start, after a resume and where the program says so after a compaction. What it prints reaches the model.
   */
  sessionStart: string;
  /**
   * At the end of a turn, to hand over mail. All of them take the same answer, as their documentation has it: JSON that
   * calls the end off and gives the reason, which the model reads; nothing where there is no mail.
   */
  turnEnd?: string;
}

/**
 * How a hook answers so that the model sees it: as plain text, or as JSON with `additionalContext` inside
 * `hookSpecificOutput` (`nested`) or at the top (`flat`).
 */
export type HookAnswer = 'text' | 'nested' | 'flat';

export interface Hooks {
  /** The program's own names of our events. */
  events: Record<keyof HookCommands, string>;
  answer: HookAnswer;
  deliver(commands: HookCommands, events: Hooks['events'], place: Place): Additions;
}

/** Where a conversation is looked for. */
export interface ConversationPlace {
  env: Readonly<Record<string, string>>;
  worktree: string;
  /** The id that the session was begun with. */
  id: string;
  /** When it was begun, in milliseconds. */
  since: number;
}

/** How a session resumes the conversation of an interrupted one. It must never resume another conversation. */
export interface ConversationWays {
  /** For programs that let us choose the id. */
  begin?(id: string): string[];
  /** `before` stands before all options (a subcommand), `args` right before the prompt. */
  resume(id: string): { before?: string[]; args: string[] };
  /**
   * Its id where the program has kept it; otherwise a new conversation begins: many programs end at once if asked for a
   * conversation that does not exist. Without it the program is asked for the last one in the folder, and never twice
   * in a row: nobody knows whether it is there.
   */
  find?(place: ConversationPlace): string | undefined;
}

/** A screen on which the program waits for a person. */
export interface Dialog {
  /** Looked for in the visible screen with its frames and line breaks taken out. */
  pattern: RegExp;
  /** A predicate to follow "it ". */
  says: string;
}

export interface RuntimePreset {
  /** The version it was driven with from sling to merged, or what is known without that. */
  checked: string;
  settings: RuntimeSettings;
  modelFlag?: string;
  conversation?: ConversationWays;
  hooks?: Hooks;
  start?(place: Place): Additions;
  dialogs: readonly Dialog[];
}
