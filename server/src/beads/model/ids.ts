import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors';

/** Bytes of the digest that go into an id of this length. */
const bytesForLength: Readonly<Record<number, number>> = { 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 5 };
const minLength = 5;
const maxLength = 8;
const noncesPerLength = 10;
const maxCollisionProbability = 0.25;
export const maxDepth = 3;

export interface IdSeed {
  title: string;
  description: string;
  creator: string;
  /** Nanoseconds since 1970. */
  created: bigint;
  nonce: string;
}

/** The hash part of an id: the last `length` base-36 digits of the first bytes of a SHA-256. */
export function hashPart(seed: IdSeed, length: number): string {
  const digest = createHash('sha256')
    .update(`${seed.title}|${seed.description}|${seed.creator}|${seed.created}|${seed.nonce}`)
    .digest();
  const bytes = digest.subarray(0, bytesForLength[length] ?? 5);
  const digits = BigInt(`0x${bytes.toString('hex')}`)
    .toString(36)
    .padStart(length, '0');
  return digits.slice(-length);
}

/**
 * The shortest length at which `count` ids of one prefix rarely collide. Never below five: clones create beads
 * concurrently.
 */
export function idLength(count: number): number {
  for (let length = minLength; length < maxLength; length++) {
    if (1 - Math.exp((-count * count) / (2 * 36 ** length)) <= maxCollisionProbability) return length;
  }
  return maxLength;
}

/** Programs that hide addresses in logs and reports would hide a bead with such a hash. */
const looksLikeAddress = /^0x[0-9a-f]+$/;

/**
 * A new id `<prefix>-[<infix>-]<hash>`. A random number is part of the hashed data, so that two clones that create the
 * same bead at the same moment get different ids.
 */
export function newHashId(
  prefix: string,
  seed: Omit<IdSeed, 'nonce'>,
  options: { count: number; infix?: string; taken(id: string): boolean; random(): number },
): string {
  const start = options.infix ? `${prefix}-${options.infix}-` : `${prefix}-`;
  for (let length = idLength(options.count); length <= maxLength; length++) {
    for (let attempt = 0; attempt < noncesPerLength; attempt++) {
      const nonce = `${attempt}:${Math.floor(options.random() * 2 ** 48).toString(36)}`;
      const hash = hashPart({ ...seed, nonce }, length);
      if (!looksLikeAddress.test(hash) && !options.taken(start + hash)) return start + hash;
    }
  }
  throw new UserError(
    `failed to generate unique ID after trying lengths ${idLength(options.count)}-${maxLength} with ${noncesPerLength} nonces each`,
  );
}

/** The parent's id for `x.3`, undefined for ids whose last part is not a number. */
export function parentOfId(id: string): string | undefined {
  return /^(.+)\.\d+$/.exec(id)?.[1];
}

/** Depth of an id: 0 for `x`, 1 for `x.1`, 2 for `x.1.2`. */
export function depthOfId(id: string): number {
  const parent = parentOfId(id);
  return parent === undefined ? 0 : 1 + depthOfId(parent);
}

/** The next free `parent.N`, above every number that was ever used (tombstones count). */
export function nextChildId(parent: string, idsUnderParent: Iterable<string>): string {
  if (depthOfId(parent) >= maxDepth)
    throw new UserError(`maximum hierarchy depth (${maxDepth}) exceeded for parent ${parent}`);
  let last = 0;
  for (const id of idsUnderParent) {
    const number = /^\d+/.exec(id.slice(parent.length + 1))?.[0];
    if (number) last = Math.max(last, Number(number));
  }
  return `${parent}.${last + 1}`;
}

const prefixPattern = /^[a-z0-9][a-z0-9.-]{0,39}$/i;

export function isPrefix(text: string): boolean {
  return prefixPattern.test(text);
}

/** The stored form of a prefix: without the final hyphen. */
export function normalisePrefix(prefix: string): string {
  const trimmed = prefix.trim().replace(/-+$/, '');
  if (!isPrefix(trimmed)) {
    throw new UserError(`invalid prefix: ${JSON.stringify(prefix)}`, 'Use letters, digits and hyphens, at most 40.');
  }
  return trimmed;
}

/**
 * The prefix of most of these ids, without the hyphen: `my-app` of `my-app-3f.1`. Where `bd` is one of them, most may well be
 * `bd-mol-…`: that is an infix.
 */
export function commonPrefix(ids: Iterable<string>): string | undefined {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const prefix = id.slice(0, Math.max(0, id.lastIndexOf('-')));
    if (prefix !== '') counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  if (!most) return undefined;
  const [shortest] = [...counts.keys()]
    .filter((prefix) => most[0].startsWith(`${prefix}-`))
    .sort((a, b) => a.length - b.length);
  return shortest ?? most[0];
}

const idPattern = /^[a-z0-9][a-z0-9._-]*$/i;

/** Ids become branch names and folders, so a given id may only contain characters that are safe there. */
export function checkGivenId(id: string): void {
  if (!idPattern.test(id) || id.length > 100 || id.includes('..') || !id.includes('-')) {
    throw new UserError(
      `invalid ID format: ${JSON.stringify(id)}`,
      'Use <prefix>-<name> with letters, digits, dots, hyphens and underscores.',
    );
  }
}

/** Maps prefixes to ledgers. */
export class PrefixTable {
  private readonly ledgers = new Map<string, string>();

  set(prefix: string, ledger: string): void {
    const owner = this.ledgers.get(prefix);
    if (owner !== undefined && owner !== ledger)
      throw new UserError(`prefix ${prefix}- already belongs to ${owner}`, undefined, 'conflict');
    this.ledgers.set(prefix, ledger);
  }

  removeLedger(ledger: string): void {
    for (const [prefix, owner] of this.ledgers) if (owner === ledger) this.ledgers.delete(prefix);
  }

  /** The longest registered prefix that the id starts with decides, so `my-app-x1` never belongs to `my-`. */
  prefixOf(id: string): string | undefined {
    for (let end = id.lastIndexOf('-'); end > 0; end = id.lastIndexOf('-', end - 1)) {
      const prefix = id.slice(0, end);
      if (this.ledgers.has(prefix)) return prefix;
    }
    return undefined;
  }

  ledgerOf(id: string): string | undefined {
    const prefix = this.prefixOf(id);
    return prefix === undefined ? undefined : this.ledgers.get(prefix);
  }

  /** The ledger that a prefix names, written with or without its hyphen. */
  ledgerOfPrefix(prefix: string): string | undefined {
    return this.ledgers.get(prefix.replace(/-$/, ''));
  }

  entries(): [prefix: string, ledger: string][] {
    return [...this.ledgers];
  }
}
