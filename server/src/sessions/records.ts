import path from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { writeJsonAtomic, PRIVATE_FILE, readTextIfPresent, removeFile } from '../base/safeFiles';
import { listFolder } from '../base/safeFolders';
import { recordedProcess } from '../base/recordedProcess';
import { agentRoles, type TownLayout } from '../town/layout';

const recordSchema = z.object({
  /** Also the name of its file, so never a path. */
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/),
  agent: z.string(),
  role: z.enum(agentRoles).default('polecat'),
  rig: z.string().optional(),
  name: z.string(),
  bead: z.string().optional(),
  runtime: z.string(),
  attempt: z.number(),
  /** sha256 of the token that proves that a call comes from this session. */
  tokenHash: z.string(),
  pid: recordedProcess.shape.pid.optional(),
  start: recordedProcess.shape.start.optional(),
  startedAt: z.number(),
  /** See `Launch`. */
  conversation: z.object({ id: z.string(), since: z.number() }).optional(),
  doneAt: z.number().optional(),
  /** Set before we end it ourselves, so that its end does not count as a crash. */
  stopping: z.enum(['stopped', 'ended']).optional(),
  exit: z.object({ kind: z.enum(['exited', 'killed', 'stopped', 'ended']), code: z.number().nullable() }).optional(),
});
export type SessionRecord = z.output<typeof recordSchema>;

/** Records of sessions on disk: `.runtime/sessions/<id>.json` (0600). They outlive the server. */
export class SessionRecords {
  private readonly records = new Map<string, SessionRecord>();

  constructor(private readonly town: TownLayout) {
    for (const { name: file } of listFolder(town.sessionRecords)) {
      if (!file.endsWith('.json')) continue;
      const record = readRecord(path.join(town.sessionRecords, file));
      if (record && file === `${record.id}.json`) this.records.set(record.id, record);
    }
  }

  all(): SessionRecord[] {
    return [...this.records.values()];
  }

  get(id: string): SessionRecord | undefined {
    return this.records.get(id);
  }

  save(record: SessionRecord): void {
    writeJsonAtomic(this.town.sessionRecord(record.id), record, PRIVATE_FILE);
    this.records.set(record.id, record);
  }

  /** Limits recorded times to now, in case the clock was set back. */
  cutFuture(now: number): void {
    for (const record of this.all())
      if (Math.max(record.startedAt, record.doneAt ?? 0) > now)
        this.save({
          ...record,
          startedAt: Math.min(record.startedAt, now),
          ...(record.doneAt === undefined ? {} : { doneAt: Math.min(record.doneAt, now) }),
        });
  }

  remove(id: string): void {
    this.records.delete(id);
    removeFile(this.town.sessionRecord(id));
  }

  /** The live session of a token. A token expires with its session. */
  byToken(token: string): SessionRecord | undefined {
    const hash = hashToken(token);
    return this.all().find((record) => record.tokenHash === hash && !record.exit && !record.stopping);
  }
}

function readRecord(file: string): SessionRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readTextIfPresent(file) ?? ''));
  } catch {
    return undefined; // Invalid; its session is found through the beads and the session host.
  }
}

export function newToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
