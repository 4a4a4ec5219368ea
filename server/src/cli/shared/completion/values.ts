import path from 'node:path';
import { readTextIfPresent } from '../../../base/safeFiles';
import type { Caller } from '../../../protocol/request';
import { CommandClient } from '../../../protocol/transport/commandClient';
import { townPlace } from '../../../protocol/transport/serverPlace';
import { helloOf } from '../connect';
import type { ProcessContext } from '../context';
import type { Candidate } from './completions';

/** Time limit for candidates: users do not wait longer. */
const TIME_LIMIT_MS = 700;
const MAX_BEADS = 500;
/** Maximum size of a ledger that is read for a completion. */
const MAX_FILE = 64 * 1024 * 1024;

export type Ask = Caller['call'];

/**
 * Requests candidates from the town's server. A completion never starts a server.
 * @returns no candidates if it does not answer in time
 * @throws UserError if no server runs
 */
export async function askRunningServer(
  root: string,
  { cwd, env }: Pick<ProcessContext, 'cwd' | 'env'>,
  ask: (ask: Ask) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  // The user's name does not matter here, so git is not started to find it.
  const actor = env.GT_SESSION_TOKEN ? undefined : env.BD_ACTOR || env.USER || 'unknown';
  const town = new CommandClient(townPlace(root), () => helloOf({ cwd, env }, actor), { onlyRunning: true });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Candidate[]>((resolve) => {
    timer = setTimeout(() => resolve([]), TIME_LIMIT_MS);
  });
  try {
    return await Promise.race([ask((spec, params) => town.call(spec, params)), late]);
  } finally {
    clearTimeout(timer);
    town.close();
  }
}

export async function beadsOfTown(ask: Ask): Promise<Candidate[]> {
  const { BeadList } = await import('../../../protocol/bead');
  return (await ask(BeadList.spec, { limit: MAX_BEADS })).map((bead) => ({ value: bead.id, text: bead.title }));
}

/** Unfinished beads of a ledger outside of a town, from its file: the ledger is neither opened nor locked. */
export function beadsOfFile(directory: string): Candidate[] {
  const found: Candidate[] = [];
  for (const line of (readTextIfPresent(path.join(directory, 'issues.jsonl'), MAX_FILE) ?? '').split('\n')) {
    const bead = parseLine(line);
    if (typeof bead?.id !== 'string' || bead.status === 'closed' || bead.status === 'tombstone') continue;
    found.push({ value: bead.id, text: typeof bead.title === 'string' ? bead.title : undefined });
    if (found.length === MAX_BEADS) break;
  }
  return found;
}

function parseLine(line: string): { id?: unknown; title?: unknown; status?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export function candidates(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value }));
}
