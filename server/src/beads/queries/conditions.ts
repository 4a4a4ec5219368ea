import { RE2JS } from 're2js';
import { messageOf, UserError } from '../../base/errors';
import { isPlainObject } from '../../base/objects';
import type { Bead } from '../../protocol/bead';
import type { BeadConditions } from '../../protocol/beadFilter';
import { isFinished, parentOf } from '../index/blocking';
import { typeFromInput } from '../model/fields';
import { toMicroseconds } from '../model/time';
import { compileQuery } from './queryLanguage';

type Predicate = (bead: Bead) => boolean;

/** Conditions that are evaluated for one bead at a time, by name. */
const conditions: {
  [K in keyof Required<BeadConditions>]: (value: NonNullable<BeadConditions[K]>, now: Date) => Predicate;
} = {
  priorityMin: (least) => (bead) => bead.priority >= least,
  priorityMax: (most) => (bead) => bead.priority <= most,
  labelPattern: (pattern) => hasLabel(globToRegex(pattern)),
  labelRegex: (pattern) => hasLabel(pattern),
  noLabels: (wanted) => (bead) => ((bead.labels ?? []).length === 0) === wanted,
  excludeLabels: (labels) => (bead) => !(bead.labels ?? []).some((label) => labels.includes(label)),
  excludeTypes: (types) => {
    const excluded = new Set<string>(types.map(typeFromInput));
    return (bead) => !excluded.has(bead.issue_type);
  },
  descriptionContains: (text) => (bead) => contains(bead.description, text),
  notesContains: (text) => (bead) => contains(bead.notes, text),
  emptyDescription: (wanted) => (bead) => !bead.description === wanted,
  spec: (start) => (bead) => typeof bead.spec_id === 'string' && bead.spec_id.startsWith(start),
  createdAfter: (time) => isAfter('created_at', time),
  createdBefore: (time) => isBefore('created_at', time),
  updatedAfter: (time) => isAfter('updated_at', time),
  updatedBefore: (time) => isBefore('updated_at', time),
  closedAfter: (time) => isAfter('closed_at', time),
  closedBefore: (time) => isBefore('closed_at', time),
  dueAfter: (time) => isAfter('due_at', time),
  dueBefore: (time) => isBefore('due_at', time),
  deferAfter: (time) => isAfter('defer_until', time),
  deferBefore: (time) => isBefore('defer_until', time),
  overdue: (wanted, now) => (bead) =>
    (!isFinished(bead) && (timeIn(bead, 'due_at') ?? Infinity) < now.getTime() * 1000) === wanted,
  deferred: (wanted) => (bead) => (bead.defer_until !== undefined || bead.status === 'deferred') === wanted,
  pinned: (wanted) => (bead) => (bead.pinned === true || bead.status === 'pinned') === wanted,
  molType: (type) => (bead) => (bead.mol_type ?? '') === type,
  wispType: (type) => (bead) => bead.wisp_type === type,
  noParent: (wanted) => (bead) => (parentOf(bead) === undefined) === wanted,
  metadataFields: (fields) => (bead) => fields.every(([key, value]) => metadataText(bead, key) === value),
  hasMetadataKey: (key) => (bead) => metadataText(bead, key) !== undefined,
  text: (text) => (bead) => contains(bead.title, text) || contains(bead.description, text) || contains(bead.id, text),
  externalContains: (text) => (bead) => contains(bead.external_ref, text),
  query: (expression, now) => compileQuery(expression, now),
};

const names = Object.keys(conditions) as (keyof BeadConditions)[];

/**
 * All conditions of a filter as one predicate; undefined if it has none.
 * @throws UserError for a pattern or an expression that cannot be read
 */
export function predicateOf(filter: BeadConditions, now: Date): Predicate | undefined {
  const given = names.filter((name) => filter[name] !== undefined);
  if (given.length === 0) return undefined;
  const predicates = given.map((name) => {
    const make = conditions[name] as (value: unknown, now: Date) => Predicate;
    return make(filter[name], now);
  });
  return (bead) => predicates.every((holds) => holds(bead));
}

export function contains(text: string | undefined, part: string): boolean {
  return text?.toLowerCase().includes(part.toLowerCase()) ?? false;
}

function timeIn(bead: Bead, key: string): number | undefined {
  const value = bead[key];
  return typeof value === 'string' ? toMicroseconds(value) : undefined;
}

function isAfter(key: string, time: string): Predicate {
  const start = toMicroseconds(time) ?? Infinity;
  return (bead) => (timeIn(bead, key) ?? -Infinity) > start;
}

function isBefore(key: string, time: string): Predicate {
  const end = toMicroseconds(time) ?? -Infinity;
  return (bead) => (timeIn(bead, key) ?? Infinity) < end;
}

/** RE2 takes time proportional to its input, whatever the pattern. */
function hasLabel(pattern: string): Predicate {
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(pattern);
  } catch (error) {
    throw new UserError(
      `failed to filter by label regex: invalid regex pattern ${JSON.stringify(pattern)}: ${messageOf(error)}`,
    );
  }
  return (bead) => (bead.labels ?? []).some((label) => regex.test(label));
}

function globToRegex(glob: string): string {
  const parts = [...glob].map((char) => (char === '*' ? '.*' : char === '?' ? '.' : RE2JS.quote(char)));
  return `^(?:${parts.join('')})$`;
}

function metadataText(bead: Bead, key: string): string | undefined {
  if (!isPlainObject(bead.metadata) || !Object.hasOwn(bead.metadata, key)) return undefined;
  const value: unknown = bead.metadata[key];
  return typeof value === 'string' ? value : JSON.stringify(value);
}
