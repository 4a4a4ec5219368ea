import fs from 'node:fs';
import path from 'node:path';
import type { Params, RequestSpec, Result } from '../../../protocol/request';
import type { HelloInput } from '../../../protocol/transport/handshake';
import type { Candidate } from './completions';

/** Longer than this nobody waits for a list. */
const PATIENCE_MS = 700;
const MAX_BEADS = 500;

export type Ask = <S extends RequestSpec>(spec: S, params: Params<S>) => Promise<Result<S>>;

/**
 * Asks the town's server if it runs. One that does not is never started: somebody is only typing.
 * @throws where it does not run
 */
export async function askRunningServer(
  root: string,
  env: NodeJS.ProcessEnv,
  cwd: string,
  work: (ask: Ask) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const { connectTo, RpcClient, serverEndpointFile } = await import('../../../protocol/transport');
  const token = env.GT_SESSION_TOKEN;
  const hello: HelloInput = token
    ? { kind: 'agent', token, cwd }
    : { kind: 'cli', cwd, actor: env.BD_ACTOR || env.USER || 'unknown' };
  const client = await RpcClient.open(() => connectTo(serverEndpointFile(root), hello, { timeoutMs: PATIENCE_MS }), {
    reconnectTimeoutMs: 0,
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Candidate[]>((resolve) => {
    timer = setTimeout(() => resolve([]), PATIENCE_MS);
  });
  try {
    return await Promise.race([work((spec, params) => client.call(spec, params)), late]);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

export async function beadsOfTown(ask: Ask): Promise<Candidate[]> {
  const { BeadList } = await import('../../../protocol/bead');
  return (await ask(BeadList.spec, { limit: MAX_BEADS })).map((bead) => ({ value: bead.id, text: bead.title }));
}

/** Unfinished beads of a ledger outside of a town, as its file names them: it is neither opened nor locked. */
export function beadsOfFile(directory: string): Candidate[] {
  const found: Candidate[] = [];
  for (const line of fs.readFileSync(path.join(directory, 'issues.jsonl'), 'utf8').split('\n')) {
    const bead = parsed(line);
    if (typeof bead?.id !== 'string' || bead.status === 'closed' || bead.status === 'tombstone') continue;
    found.push({ value: bead.id, text: typeof bead.title === 'string' ? bead.title : undefined });
    if (found.length === MAX_BEADS) break;
  }
  return found;
}

function parsed(line: string): { id?: unknown; title?: unknown; status?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export function named(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value }));
}
