import { simpleGit, type SimpleGit } from 'simple-git';
import { messageOf } from '../base/errors';
import { withoutProgress, withoutSecrets } from './messages';

/*
 * One run of git, with everything that it depends on: the only code that another process (`gitProcess.ts`) needs, too.
 */

export interface GitCommand {
  directory: string;
  args: readonly string[];
  /** Settings as `key=value`. */
  config: readonly string[];
  /** The whole environment. */
  environment: Readonly<Record<string, string>>;
  /** Time without output after which git is killed, in milliseconds. */
  timeoutMs: number;
}

/** A git command that failed. `message` is git's own error output, without progress lines and secrets in URLs. */
export class GitError extends Error {
  constructor(
    message: string,
    /** Undefined if git was killed or could not be started. */
    readonly exitCode: number | undefined,
    readonly stdout: string,
    readonly stderr: string,
  ) {
    super(message);
    this.name = 'GitError';
  }
}

const UNSAFE = {
  // The settings of `neutralEnvironment`, the credentials of a rig (a file of ours), and no template.
  allowUnsafeConfigEnvCount: true,
  allowUnsafeAlias: true,
  allowUnsafeAskPass: true,
  allowUnsafeCommandBinaries: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeDiffTextConv: true,
  allowUnsafeFilter: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeInclude: true,
  allowUnsafeMergeDriver: true,
  allowUnsafePack: true,
  allowUnsafePager: true,
  allowUnsafeSubmodule: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeUrlRewrite: true,
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeEditor: true,
  // The user's own GIT_SSH_COMMAND and GIT_CONFIG_GLOBAL, which may be needed to reach the remotes.
  allowUnsafeSshCommand: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeProtocolOverride: true,
} as const;

/** Runs git and returns its output. @throws GitError if it fails, and an error of simple-git if `abort` stops it */
export async function runCommand(command: GitCommand, abort?: AbortSignal): Promise<string> {
  const failed: { error?: GitError } = {};
  try {
    return await runner(command, failed, abort).raw([...command.args]);
  } catch (error) {
    throw failed.error ?? error;
  }
}

/**
 * After a command without output simple-git waits 50 ms for more, although both streams have ended: this took most of
 * the time of a merge. An empty chunk at the end of the output avoids it.
 */
function withoutPause(_command: string, stdout: NodeJS.ReadableStream): void {
  stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
}

/** @param failed receives the original error; simple-git exposes only its message */
export function runner(
  { directory, args, config, environment, timeoutMs }: GitCommand,
  failed: { error?: GitError },
  abort?: AbortSignal,
): SimpleGit {
  return simpleGit({
    baseDir: directory,
    config: [...config],
    unsafe: UNSAFE,
    allowEnvironment: Object.keys(environment).filter((key) => key.startsWith('GIT_')),
    completion: { onClose: true, onExit: false },
    timeout: { block: timeoutMs },
    ...(abort ? { abort } : {}),
    // simple-git treats a failure without output as success; git's exit code decides here.
    errors: (error, result) => {
      if (result.exitCode === 0) return error;
      // If git could not be started there is no output.
      const said = Buffer.concat(result.stdErr);
      const stderr = said.length === 0 && error ? Buffer.from(messageOf(error)) : said;
      failed.error = failure(args, result.exitCode, Buffer.concat(result.stdOut), stderr);
      return failed.error;
    },
  })
    .env({ ...environment })
    .outputHandler(withoutPause);
}

export function failure(
  args: readonly string[],
  exitCode: number | undefined,
  stdout: Buffer,
  stderr: Buffer,
): GitError {
  const said = [stderr, stdout].map((bytes) => withoutSecrets(bytes.toString('utf8')));
  const words = withoutProgress(said.join('\n'));
  const command = `git ${args.find((arg) => !arg.startsWith('-')) ?? ''}`;
  const end = exitCode === undefined ? 'was killed' : `ended with exit code ${exitCode}`;
  return new GitError([words, `${command} ${end}`].filter(Boolean).join('\n'), exitCode, said[1]!, said[0]!);
}
