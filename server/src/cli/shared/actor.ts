import { plainUserName } from './gitUserName';

/** Git answers at once, or something is wrong with it. */
const GIT_MS = 5_000;

/** Who acts: `--actor`, BD_ACTOR, BEADS_ACTOR, git's user.name or USER, in this order. */
export async function actorName(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const named = given || env.BD_ACTOR || env.BEADS_ACTOR || plainUserName(env, cwd);
  return named || (await gitUserName(cwd)) || env.USER || 'unknown';
}

/** Empty where there is no git, or it has no name. */
async function gitUserName(cwd: string): Promise<string> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    execFile('git', ['config', '--get', 'user.name'], { cwd, timeout: GIT_MS }, (error, stdout) =>
      resolve(error ? '' : stdout.trim()),
    );
  });
}
