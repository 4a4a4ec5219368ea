import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { gitMaybe } from '../../git/git';
import { connectTown, type TownConnection } from '../../protocol/transport';
import { findTown } from '../findTown';

export interface GlobalOptions {
  json?: boolean;
  town?: string;
  actor?: string;
}

/** The name that a person's actions carry: git's user.name, else the login name. */
export async function personName(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const name = await gitMaybe(process.cwd(), ['config', '--get', 'user.name']);
  if (name) return name;
  if (env.USER) return env.USER;
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // A container may run as a user id that has no name.
  }
}

/** Runs a command against the town's server, which is started if it does not run. */
export async function withTown<T>(command: Command, work: (town: TownConnection, root: string) => Promise<T>): Promise<T> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const root = findTown(process.cwd(), options.town);
  const town = await connectTown(root, await helloOf(options.actor));
  try {
    return await work(town, root);
  } finally {
    town.close();
  }
}

async function helloOf(actor: string | undefined) {
  const token = process.env.GT_SESSION_TOKEN;
  const cwd = process.cwd();
  if (token) return { kind: 'agent' as const, token, cwd, actor: actor ?? process.env.BD_ACTOR };
  return { kind: 'cli' as const, cwd, actor: actor ?? process.env.BD_ACTOR ?? (await personName()) };
}

/** Prints JSON where it was asked for, otherwise the lines for people. */
export function print(command: Command, value: unknown, lines: () => string | string[]): void {
  const text = command.optsWithGlobals<GlobalOptions>().json ? JSON.stringify(value, null, 2) : [lines()].flat().join('\n');
  process.stdout.write(`${text}\n`);
}
