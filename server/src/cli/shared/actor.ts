import { execFileSync } from 'node:child_process';
import { plainUserName } from './gitUserName';

/** Who acts: `--actor`, BD_ACTOR, BEADS_ACTOR, git's user.name or USER, in this order. */
export function actorName(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string {
  return (
    given || env.BD_ACTOR || env.BEADS_ACTOR || (plainUserName(env, cwd) ?? gitUserName(cwd)) || env.USER || 'unknown'
  );
}

function gitUserName(cwd: string): string {
  try {
    return execFileSync('git', ['config', '--get', 'user.name'], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    }).trim();
  } catch {
    return ''; // no git, or no name set
  }
}
