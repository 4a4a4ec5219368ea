import { isDeepStrictEqual } from 'node:util';
import type { Bead, Comment, Dependency } from '../../protocol/bead';
import {
  beadSchema,
  canonicalStatus,
  canonicalType,
  commentOrder,
  dependencyOrder,
  derivedFields,
  fieldOrder,
  keptWhenZero,
  neverOmitted,
} from '../model/fields';
import { encodeJson, rawFields } from './goJson';
import { compareTimes, timeAfter } from '../model/time';

/** A bead together with its exact text in `issues.jsonl`, now or after the next checkpoint. */
export interface Stored {
  readonly bead: Bead;
  readonly text: string;
  /** Ids of its dependencies' targets, each once. */
  readonly dependencyTargets: readonly string[];
  /** The bead's own flag, without decoding the bead. */
  readonly isEphemeral: boolean;
}

/** Number of recently read beads that are kept decoded: at least this, at most twice as many. */
const DECODED = 5_000;

/**
 * A bead that is kept as its text, which is shared with the file that it was read from, and decoded on demand: few
 * beads of a large ledger are ever needed.
 */
export class StoredBead implements Stored {
  private static recent = new Map<StoredBead, Bead>();
  private static older = new Map<StoredBead, Bead>();

  /** Targets of its dependencies, if the bead was decoded once. */
  private targets: readonly string[] | undefined;
  private ephemeral = false;

  /**
   * @param source the line, which was read as a bead before
   * @param length of the line without its end, in bytes, if the source is a part of the file
   */
  constructor(
    private readonly source: Buffer | string,
    private readonly length: number,
    bead?: Bead,
  ) {
    if (bead) this.keep(bead);
  }

  get dependencyTargets(): readonly string[] {
    return this.targets ?? targetsOf(this.bead);
  }

  get isEphemeral(): boolean {
    return this.targets === undefined ? this.bead.ephemeral === true : this.ephemeral;
  }

  get text(): string {
    return typeof this.source === 'string' ? this.source : this.source.toString('utf8', 0, this.length);
  }

  get bead(): Bead {
    const known = StoredBead.recent.get(this);
    if (known) return known;
    const bead = StoredBead.older.get(this) ?? normalise(JSON.parse(this.text) as Record<string, unknown>);
    this.keep(bead);
    return bead;
  }

  /** Evicts the decoded bead: a scan of many beads would otherwise push out the ones in use. */
  forget(): void {
    StoredBead.recent.delete(this);
    StoredBead.older.delete(this);
  }

  private keep(bead: Bead): void {
    if (this.targets === undefined) {
      this.targets = targetsOf(bead);
      this.ephemeral = bead.ephemeral === true;
    }
    if (StoredBead.recent.size >= DECODED) {
      StoredBead.older = StoredBead.recent;
      StoredBead.recent = new Map();
    }
    StoredBead.recent.set(this, bead);
  }
}

const none: readonly string[] = [];

function targetsOf({ dependencies }: Bead): readonly string[] {
  return dependencies?.length ? [...new Set(dependencies.map((edge) => edge.depends_on_id))] : none;
}

/** Why a line is not a bead. `other` lines belong to another kind of record and are not an error. */
export type Undecodable = { kind: 'other' } | { kind: 'broken'; reason: string };

/**
 * Reads one line. The bead is a normalised view (defaults filled in, aliases resolved, inconsistent `closed_at`
 * repaired) and frozen; the text stays as it is until the bead changes.
 * @param line the bytes of the same text in the file, with its end, to be kept instead of the text
 */
export function decodeLine(text: string, line?: { bytes: Buffer; length: number }): Stored | Undecodable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'broken', reason: 'not valid JSON' };
  }
  if (isOtherRecord(value)) return { kind: 'other' };
  const parsed = beadSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { kind: 'broken', reason: `${issue?.path.join('.') || 'line'}: ${issue?.message ?? 'not a bead'}` };
  }
  const bead = normalise(value as Record<string, unknown>);
  return new StoredBead(line?.bytes ?? text, line?.length ?? text.length, bead);
}

export function isStored(line: Stored | Undecodable): line is Stored {
  return line instanceof StoredBead;
}

/** Drops the decoded form of a bead, and keeps its text. */
export function forgetDecoded(stored: Stored): void {
  if (stored instanceof StoredBead) stored.forget();
}

/** Header lines (`_schema`) and records of other kinds (`_type` other than `issue`). */
function isOtherRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return '_schema' in value || ('_type' in value && value._type !== 'issue');
}

/** Normalises a bead. @param raw the line's own object, which becomes the bead */
function normalise(raw: Record<string, unknown>): Bead {
  const bead = raw as Bead;
  for (const key of Object.keys(bead)) if (bead[key] === null || derivedFields.has(key)) delete bead[key];
  bead.status = canonicalStatus(bead.status || 'open');
  bead.priority ??= 0;
  bead.issue_type = canonicalType(bead.issue_type || 'task');
  bead.created_at ??= '1970-01-01T00:00:00Z';
  bead.updated_at ??= bead.created_at;
  const { id, created_at: created } = bead;
  if (bead.dependencies) bead.dependencies = bead.dependencies.map((edge) => normaliseEdge(edge, created));
  if (bead.comments) bead.comments = bead.comments.map((comment) => normaliseComment(comment, id, created));
  repairClosedAt(bead);
  return deepFreeze(bead);
}

function normaliseEdge(edge: Dependency, created: string): Dependency {
  return edge.created_at ? edge : { ...edge, created_at: created };
}

function normaliseComment(comment: Comment, id: string, created: string): Comment {
  if (comment.id != null && comment.issue_id && comment.author != null && comment.created_at) return comment;
  return {
    ...comment,
    id: comment.id ?? 0,
    issue_id: comment.issue_id || id,
    author: comment.author ?? '',
    created_at: comment.created_at || created,
  };
}

/** Ensures that closed beads have a `closed_at` and others have none (a tombstone may keep it). */
function repairClosedAt(bead: Bead): void {
  if (bead.status === 'closed') {
    if (bead.closed_at) return;
    const last = compareTimes(bead.created_at, bead.updated_at) > 0 ? bead.created_at : bead.updated_at;
    bead.closed_at = timeAfter(new Date(Math.floor(Date.parse(last) || 0) + 1000), undefined);
  } else if (bead.status !== 'tombstone') {
    delete bead.closed_at;
  }
}

/** Freezes an object with its content: readers share the objects of the store, so none may be changed by accident. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) if (typeof part === 'object') deepFreeze(part);
  return value;
}

/**
 * Writes one line in the field order and with the omissions of v0.49.6. Fields that did not change since one
 * of `earlier` keep that text; unknown keys follow the known ones in their old order.
 */
export function encodeBead(bead: Bead, ...earlier: Stored[]): string {
  const sources = earlier.map((stored) => ({ bead: stored.bead, raw: rawFields(stored.text) }));
  const parts: string[] = [];
  const write = (key: string): void => {
    const value = bead[key];
    if (isOmitted(key, value)) return;
    const source = sources.find((candidate) => candidate.raw.has(key) && isDeepStrictEqual(candidate.bead[key], value));
    parts.push(`${JSON.stringify(key)}:${source?.raw.get(key) ?? encodeField(key, value)}`);
  };
  if ('_type' in bead) write('_type');
  for (const key of fieldOrder) write(key);
  for (const key of unknownKeys(
    bead,
    sources.map((source) => source.raw),
  ))
    write(key);
  return `{${parts.join(',')}}`;
}

function unknownKeys(bead: Bead, raws: Map<string, string>[]): Set<string> {
  const keys = new Set<string>();
  for (const key of [...raws.flatMap((raw) => [...raw.keys()]), ...Object.keys(bead)]) {
    if (key !== '_type' && Object.hasOwn(bead, key) && !known.has(key)) keys.add(key);
  }
  return keys;
}

const known = new Set(fieldOrder);

function isOmitted(key: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (!known.has(key) || neverOmitted.has(key)) return false;
  if (value === 0) return !keptWhenZero.has(key);
  return value === '' || value === false || value === null || (Array.isArray(value) && value.length === 0);
}

function encodeField(key: string, value: unknown): string {
  if (key === 'dependencies')
    return `[${(value as Dependency[]).map((edge) => encodeOrdered(edge, dependencyOrder)).join(',')}]`;
  if (key === 'comments')
    return `[${(value as Comment[]).map((comment) => encodeOrdered({ ...comment }, commentOrder)).join(',')}]`;
  return encodeJson(value);
}

const optionalInPart = new Set(['created_by', 'metadata', 'thread_id']);

function encodeOrdered(part: Record<string, unknown>, order: readonly string[]): string {
  const keys = [...order, ...Object.keys(part).filter((key) => !order.includes(key))];
  const present = keys.filter((key) => part[key] !== undefined && !(part[key] === '' && optionalInPart.has(key)));
  return `{${present.map((key) => `${JSON.stringify(key)}:${encodeJson(part[key])}`).join(',')}}`;
}

/** The stored form of a bead that is new or has changed. */
export function store(bead: Bead, ...earlier: Stored[]): Stored {
  const text = encodeBead(bead, ...earlier);
  return new StoredBead(text, text.length, deepFreeze(bead));
}
