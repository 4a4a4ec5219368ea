import { spawn } from 'node:child_process';
import { currentSignal, throwIfAborted } from '../../base/abort';
import { UserError } from '../../base/errors';
import { firstLine } from '../../base/text';

/** Time after which the program is ended, in milliseconds. */
const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 20_000_000;
/** Exit code of gh if the user is not logged in (`gh help exit-codes`). */
const NOT_LOGGED_IN = 4;

/** Runs GitHub's own program. Arguments are passed unchanged, never through a shell. */
export type GhProgram = (args: readonly string[], input?: string) => Promise<string>;

/**
 * @param environment the user's environment, with gh's login
 * @returns a runner that returns gh's output. It throws a UserError: `conflict` if the user has to install gh or to log
 * in, `unavailable` with gh's message for anything else
 */
export function ghProgram(directory: string, environment: () => Promise<NodeJS.ProcessEnv>): GhProgram {
  return async (args, input = '') => {
    throwIfAborted();
    const env = { ...(await environment()), GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1' };
    const { code, stdout, stderr } = await run(args, { directory, env, input });
    throwIfAborted();
    if (code === 0) return stdout;
    if (code === 'missing')
      throw new UserError(
        'the merge strategy "pr" needs the program gh, which is not installed',
        'install it (https://cli.github.com) and run "gh auth login", or set another strategy: "gt rig set <rig> merge_strategy=squash"',
        'conflict',
      );
    const said = stderr.trim() || stdout.trim();
    if (code === NOT_LOGGED_IN || /gh auth login|not logged in|authentication token|HTTP 401/i.test(said))
      throw new UserError(`gh is not logged in: ${firstLine(said)}`, 'run "gh auth login"', 'conflict');
    const how = code === null ? 'was ended' : `failed with exit code ${code}`;
    throw new UserError(`gh ${args.slice(0, 2).join(' ')} ${how}: ${said}`, undefined, 'unavailable');
  };
}

function run(
  args: readonly string[],
  { directory, env, input }: { directory: string; env: NodeJS.ProcessEnv; input: string },
): Promise<{ code: number | null | 'missing'; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('gh', args, { cwd: directory, env, timeout: TIMEOUT_MS, signal: currentSignal() });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < MAX_OUTPUT_BYTES) output[name] += text;
      });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ code: 'missing', ...output });
      else if (error.name === 'AbortError') resolve({ code: null, ...output });
      else reject(error);
    });
    child.on('close', (code) => resolve({ code, ...output }));
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(input);
  });
}
