import { isDeepStrictEqual } from 'node:util';
import type { Bead, Comment, Dependency } from '../../protocol/bead';
import { store, type Stored } from '../storage/codec';
import { canonicalJson } from '../storage/goJson';
import { hashPart } from '../model/ids';
import { laterWins, merge3, mergeObjects, mergeParts, mergeStrings, type Resolve, type Sides } from './mergeFields';
import { compareTimes, toMicroseconds } from '../model/time';

/**
 * The only three-way merge of the project: for changes of the file from outside, for the git merge driver, for sync and
 * import. Field by field with a true base, nothing that either side added is lost, and the result does not depend on
 * which side is called ours.
 */

export type Beads = ReadonlyMap<string, Stored>;

const day = 24 * 3_600_000;
/** How long a deletion beats a live copy: 30 days and an hour of tolerance for differing clocks. */
export const tombstoneLifetimeMs = 30 * day + 3_600_000;

/** Merges whole ledgers. `now` decides which tombstones have expired. */
export function mergeBeads(base: Beads, ours: Beads, theirs: Beads, now: Date): Map<string, Stored> {
  const merged = new Map<string, Stored>();
  const add = (id: string, value: Stored | undefined): void => {
    if (value) merged.set(id, value);
  };
  const renamed: Stored[] = [];
  for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
    const [before, left, right] = [base.get(id), ours.get(id), theirs.get(id)];
    if (!before && left && right && areDifferentBeads(left.bead, right.bead)) {
      const [older, younger] = inOrderOfCreation(left, right);
      add(id, older);
      renamed.push(underNewId(younger));
    } else {
      add(id, mergeStored(before, left, right, now));
    }
  }
  // A renamed bead may already exist, from an earlier run of this merge.
  for (const bead of renamed) add(bead.bead.id, mergeStored(undefined, merged.get(bead.bead.id), bead, now));
  return merged;
}

/** Ids of the beads that one side deleted and the other one changed, and that stay deleted: a lost change to report. */
export function overruledEdits(base: Beads, ours: Beads, theirs: Beads, merged: Beads): string[] {
  const isDeleted = ({ bead }: Stored): boolean => bead.status === 'tombstone';
  return [...merged.keys()].filter((id) => {
    const [left, right] = [ours.get(id), theirs.get(id)];
    // Texts first: most beads are the same on both sides, and need not be decoded.
    if (!left || !right || left.text === right.text || !isDeleted(merged.get(id)!)) return false;
    const [live, ...others] = [left, right].filter((side) => !isDeleted(side));
    return live !== undefined && others.length === 0 && !isDeepStrictEqual(live.bead, base.get(id)?.bead);
  });
}

function mergeStored(
  base: Stored | undefined,
  ours: Stored | undefined,
  theirs: Stored | undefined,
  now: Date,
): Stored | undefined {
  if (!ours || !theirs) return mergePresence(base, ours ?? theirs);
  if (ours === theirs) return theirs;
  const bead = mergeBead(base?.bead, ours.bead, theirs.bead, now);
  if (isDeepStrictEqual(bead, theirs.bead)) return theirs;
  if (isDeepStrictEqual(bead, ours.bead)) return ours;
  return store(bead, theirs, ours);
}

/**
 * Only one side has the bead. A live one is kept, whatever the other side did: deleting leaves a tombstone, so so a
 * missing line was lost by a tool that did not know the bead. An old tombstone may be pruned.
 */
function mergePresence(base: Stored | undefined, present: Stored | undefined): Stored | undefined {
  const pruned = base && present?.bead.status === 'tombstone' && isDeepStrictEqual(base.bead, present.bead);
  return pruned ? undefined : present;
}

/**
 * Whether two beads, created in different places, got the same id by chance. Merging their fields would destroy both.
 */
export function areDifferentBeads(a: Bead, b: Bead): boolean {
  return a.title !== b.title && compareTimes(a.created_at, b.created_at) !== 0 && a.created_by !== b.created_by;
}

function inOrderOfCreation(a: Stored, b: Stored): [Stored, Stored] {
  const order = compareTimes(a.bead.created_at, b.bead.created_at);
  return order < 0 ? [a, b] : [b, a];
}

/** The new id is derived from the content, so that every clone that merges chooses the same one. */
function underNewId(stored: Stored): Stored {
  const { bead } = stored;
  const seed = {
    title: bead.title,
    description: bead.created_at,
    creator: bead.created_by ?? '',
    created: BigInt(toMicroseconds(bead.created_at) ?? 0),
    nonce: bead.id,
  };
  const id = `${bead.id.slice(0, bead.id.lastIndexOf('-'))}-${hashPart(seed, 8)}`;
  const edge: Dependency = { issue_id: id, depends_on_id: bead.id, type: 'related', created_at: bead.created_at };
  const dependencies = [...(bead.dependencies ?? []).map((old) => ({ ...old, issue_id: id })), edge];
  const comments = bead.comments?.map((comment) => ({ ...comment, issue_id: id }));
  return store({ ...bead, id, dependencies, ...(comments ? { comments } : {}) });
}

/** Merges one bead that both sides have. Pure, and symmetric in the sides. */
export function mergeBead(base: Bead | undefined, ours: Bead, theirs: Bead, now: Date): Bead {
  if (isDeepStrictEqual(ours, theirs)) return ours;
  const dead = [ours, theirs].filter((bead) => bead.status === 'tombstone');
  if (dead.length === 1) return mergeTombstone(dead[0] as Bead, ours === dead[0] ? theirs : ours, now);
  if (isDeepStrictEqual(ours, base)) return theirs;
  if (isDeepStrictEqual(theirs, base)) return ours;

  const order = compareTimes(ours.updated_at, theirs.updated_at);
  const resolve = laterWins(order);
  const merged = new Map<string, unknown>(); // not an object: a key may be __proto__
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  for (const key of keys) {
    const sides: Sides<unknown> = { base: base?.[key], ours: ours[key], theirs: theirs[key] };
    merged.set(
      key,
      merge3(sides, (conflict) => resolveField(key, conflict, order, resolve)),
    );
  }
  // The later change wins, even if a clock was set back.
  merged.set('updated_at', resolve({ base: '', ours: ours.updated_at, theirs: theirs.updated_at }));
  for (const [key, value] of Object.entries(mergeState({ base, ours, theirs }, order, resolve))) merged.set(key, value);
  return Object.fromEntries([...merged].filter(([, value]) => value !== undefined)) as Bead;
}

function mergeTombstone(dead: Bead, live: Bead, now: Date): Bead {
  const deletedAt = typeof dead.deleted_at === 'string' ? Date.parse(dead.deleted_at) : undefined;
  const expired = deletedAt !== undefined && now.getTime() - deletedAt > tombstoneLifetimeMs;
  return expired ? live : dead;
}

function resolveField(key: string, sides: Sides<unknown>, order: number, resolve: Resolve): unknown {
  switch (key) {
    case 'labels':
    case 'waiters':
      return mergeStrings(sides as Sides<string[] | undefined>);
    case 'dependencies':
      return mergeEdges(sides as Sides<Dependency[] | undefined>, resolve);
    case 'comments':
      // Ids do not identify comments: the Go tool renumbers them on import.
      return mergeParts(
        sides as Sides<Comment[] | undefined>,
        (comment) => canonicalJson([comment.author, comment.created_at, comment.text]),
        laterCreated,
        byCreation,
      );
    case 'validations':
      return mergeParts(
        sides as Sides<{ timestamp: string }[] | undefined>,
        (each) => canonicalJson(each),
        laterWins(order),
        (a, b) => compareTimes(a.timestamp, b.timestamp) || (canonicalJson(a) < canonicalJson(b) ? -1 : 1),
      );
    case 'metadata':
      return mergeObjects(sides, resolve);
    case 'priority':
      return Math.min(sides.ours as number, sides.theirs as number);
    case 'created_at':
      return compareTimes(sides.ours as string, sides.theirs as string) === 0
        ? resolve(sides)
        : earlier(sides as Sides<string>);
    case 'notes':
      return joinNotes(sides as Sides<string | undefined>, order, resolve);
    default:
      return resolve(sides);
  }
}

function earlier({ ours, theirs }: Sides<string>): string {
  return compareTimes(ours, theirs) < 0 ? ours : theirs;
}

const laterCreated: Resolve = (sides) => {
  const [ours, theirs] = [sides.ours, sides.theirs] as unknown as [{ created_at: string }, { created_at: string }];
  return laterWins(compareTimes(ours.created_at, theirs.created_at))(sides);
};

function byCreation(a: { created_at: string }, b: { created_at: string }): number {
  return compareTimes(a.created_at, b.created_at) || (canonicalJson(a) < canonicalJson(b) ? -1 : 1);
}

/** A set by target and type; but a bead has one parent, so of two moves the later one wins. */
function mergeEdges(sides: Sides<Dependency[] | undefined>, resolve: Resolve): Dependency[] | undefined {
  const part = (wanted: boolean): Sides<Dependency[]> => {
    const of = (edges: Dependency[] | undefined): Dependency[] =>
      (edges ?? []).filter((edge) => (edge.type === 'parent-child') === wanted).sort(byCreation);
    return { base: of(sides.base), ours: of(sides.ours), theirs: of(sides.theirs) };
  };
  const parents = merge3(part(true), resolve);
  const others =
    mergeParts(part(false), (edge) => `${edge.depends_on_id}\n${edge.type}`, laterCreated, byCreation) ?? [];
  const merged = [...parents, ...others].sort(byCreation);
  return merged.length > 0 ? merged : undefined;
}

/** Merges notes as a log that both sides append to: both texts are kept, the earlier one first. */
function joinNotes(sides: Sides<string | undefined>, order: number, resolve: Resolve): string | undefined {
  const { base, ours, theirs } = sides;
  if (!ours || !theirs) return ours || theirs;
  if (ours.includes(theirs)) return ours;
  if (theirs.includes(ours)) return theirs;
  const oursFirst = order < 0 || (order === 0 && ours < theirs);
  const joined = oursFirst ? `${ours}\n\n---\n\n${theirs}` : `${theirs}\n\n---\n\n${ours}`;
  return joined === base ? resolve(sides) : joined; // both sides have removed a part of it
}

const stateKeys = [
  'status',
  'closed_at',
  'close_reason',
  'closed_by_session',
  'deleted_at',
  'deleted_by',
  'delete_reason',
  'original_type',
] as const;
const workStates = new Set(['in_progress', 'hooked', 'in_review']);

/**
 * The status and the fields that belong to it are taken from one side together. If both sides changed it: a bead that
 * was open and got closed on one side is closed; of "reopened" and "closed again" the later one wins; a start of work
 * beats other states; otherwise the later change wins.
 */
function mergeState(
  { base, ours, theirs }: { base: Bead | undefined; ours: Bead; theirs: Bead },
  order: number,
  resolve: Resolve,
): Partial<Bead> {
  const stateOf = (bead: Bead): Partial<Bead> => Object.fromEntries(stateKeys.map((key) => [key, bead[key]]));
  const sides = { base: base && stateOf(base), ours: stateOf(ours), theirs: stateOf(theirs) } as Sides<Partial<Bead>>;
  return merge3(sides, (conflict) => {
    if (ours.status !== theirs.status) {
      const wasOpen = base !== undefined && base.status !== 'closed';
      const rank = (bead: Bead): number =>
        bead.status === 'closed' && wasOpen ? 2 : workStates.has(bead.status) && wasOpen ? 1 : 0;
      if (rank(ours) !== rank(theirs)) return rank(ours) > rank(theirs) ? conflict.ours : conflict.theirs;
    }
    return laterState(conflict, order, resolve);
  });
}

function laterState(conflict: Sides<Partial<Bead>>, order: number, resolve: Resolve): Partial<Bead> {
  const key = conflict.ours.status === 'tombstone' ? 'deleted_at' : 'closed_at';
  const byTime =
    conflict.ours.status === conflict.theirs.status
      ? compareTimes(conflict.ours[key] as string | undefined, conflict.theirs[key] as string | undefined)
      : order;
  return byTime === 0 ? resolve(conflict) : laterWins(byTime)(conflict);
}
