import fs from 'node:fs';
import readline from 'node:readline';
import { z } from 'zod';
import type { TokenUsage } from '../../protocol/usage';

/*
 * The programs of agents record the tokens of each answer in their own record of the conversation. None of these formats
 * is documented: each reader was written for the version that its preset names, and takes what it knows.
 */

/** Takes one line of a record, parsed. */
export interface UsageReader {
  take(line: unknown): void;
  /** By model, without those that used nothing. */
  result(): TokenUsage[];
}

/** Of a record, which agents can write to: a longer name is none. */
export const modelName = z.string().min(1).max(200);

/** Numbers that a record may lack. */
export const tokens = z.number().int().nonnegative().catch(0);

/**
 * Reads the records of one conversation. A line that is no JSON, such as one that is being written, is skipped.
 * @param hint only lines with this text are parsed
 * @returns undefined if there is none of the files, or nothing in them
 */
export async function readUsage(
  files: readonly string[],
  reader: UsageReader,
  hint: RegExp,
): Promise<TokenUsage[] | undefined> {
  let isFound = false;
  for (const file of files) {
    for await (const line of linesOf(file)) {
      isFound = true;
      if (hint.test(line)) reader.take(parsed(line));
    }
  }
  return isFound ? reader.result() : undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** No conversation is larger: what is beyond is not read. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * The lines of a file in the user's own folders, which may be behind links; none if it is missing or not a regular file.
 */
async function* linesOf(file: string): AsyncGenerator<string> {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  yield* readline.createInterface({ input: fs.createReadStream(file, { end: MAX_BYTES }), crlfDelay: Infinity });
}
