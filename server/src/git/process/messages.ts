import type { GitCommand } from '../command';

/** From the server to the process that runs git. */
export type GitRequest = { id: number; command: GitCommand } | { id: number; cancelled: true };

/** The answer to a command: its output, a `GitError`, or the message of another error. One without an id comes first. */
export type GitAnswer =
  | { id: number; output: string }
  | { id: number; failure: { message: string; exitCode: number | undefined; stdout: string; stderr: string } }
  | { id: number; error: string };
