import fs from 'node:fs';
import path from 'node:path';
import type { HookCommands, Hooks } from './preset';

export function jsonFile(name: string, value: unknown): { name: string; text: string } {
  return { name, text: `${JSON.stringify(value, null, 2)}\n` };
}

/** The hooks of a settings file: those with a command, under the program's own event names. */
export function hookTable<T>(
  commands: HookCommands,
  events: Hooks['events'],
  entry: (command: string) => T,
): Record<string, T> {
  const { sessionStart, turnEnd } = commands;
  return { [events.sessionStart]: entry(sessionStart), ...(turnEnd ? { [events.turnEnd]: entry(turnEnd) } : {}) };
}

/** Names in a folder; none if the folder does not exist. */
export function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

const MAX_LINE = 256 * 1024;

/**
 * The first line of a file of JSON lines, read without the rest: conversations are long. Undefined if the file does not
 * exist.
 */
export function firstJsonLine(file: string): unknown {
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(MAX_LINE);
      const length = fs.readSync(descriptor, buffer, 0, MAX_LINE, 0);
      const [line] = buffer.toString('utf8', 0, length).split('\n');
      return JSON.parse(line ?? '');
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** Files two and more folders down, newest name last: `<root>/<a>/<b>/…`. */
export function filesBelow(root: string, depth: number): string[] {
  const entries = namesIn(root)
    .sort()
    .map((name) => path.join(root, name));
  return depth === 0 ? entries : entries.flatMap((entry) => filesBelow(entry, depth - 1));
}
