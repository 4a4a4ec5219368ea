import type { Command } from 'commander';
import { connectTown, type HelloInput, type TownConnection } from '../../protocol/transport';
import { actorName } from './actor';
import { findTown } from './findTown';
import { jsonText, printable } from './output';

export interface GlobalOptions {
  json?: boolean;
  town?: string;
  actor?: string;
}

/** Runs a command against the town's server, which is started if it does not run. */
export async function withTown<T>(
  command: Command,
  work: (town: TownConnection, root: string) => Promise<T>,
): Promise<T> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const root = findTown(process.cwd(), options.town);
  const town = await connectTown(root, helloOf(options.actor));
  try {
    return await work(town, root);
  } finally {
    town.close();
  }
}

/** An agent is known by its token; anybody else acts as the person. */
function helloOf(given: string | undefined): HelloInput {
  const cwd = process.cwd();
  const token = process.env.GT_SESSION_TOKEN;
  if (token) return { kind: 'agent', token, cwd, actor: given ?? process.env.BD_ACTOR };
  return { kind: 'cli', cwd, actor: actorName(given, process.env, cwd) };
}

/** The name under which a command acts. */
export function whoActs(command: Command): string {
  return helloOf(command.optsWithGlobals<GlobalOptions>().actor).actor ?? 'unknown';
}

/** Prints JSON where it was asked for, otherwise the lines for people. */
export function print(command: Command, value: unknown, lines: () => string | string[]): void {
  const text = command.optsWithGlobals<GlobalOptions>().json
    ? jsonText(value)
    : `${[lines()].flat().map(printable).join('\n')}\n`;
  process.stdout.write(text);
}
