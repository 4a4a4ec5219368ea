import { UserError } from '../base/errors';

/** The single allow-list for names that become path segments or parts of branch names. */
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function isSafeSegment(name: string): boolean {
  return SEGMENT.test(name);
}

/** Checks a name. @throws UserError for anything that is not plain, such as `../x`, `--force` or `a b`. */
export function requireSegment(kind: string, name: string): string {
  if (isSafeSegment(name)) return name;
  throw new UserError(
    `${kind} "${name.slice(0, 80)}" is not a valid name`,
    'use letters, digits, "-" and "_", beginning with a letter or digit, at most 64 characters',
  );
}

/** Whether a branch name is valid by git-check-ref-format and cannot be taken for an option. */
export function isSafeBranch(name: string): boolean {
  return (
    name.length > 0 &&
    name.length < 250 &&
    !name.startsWith('-') &&
    !name.startsWith('/') &&
    !name.endsWith('/') &&
    !name.endsWith('.') &&
    !name.endsWith('.lock') &&
    !name.includes('..') &&
    !name.includes('//') &&
    !name.includes('@{') &&
    !name.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock')) &&
    !/[\x00-\x20\x7f~^:?*[\\]/.test(name) &&
    name !== '@'
  );
}

/**
 * `polecat/{name}/{issue}@{timestamp}`: the timestamp (base 36 milliseconds) makes the branch of every attempt unique.
 */
export function polecatBranch(name: string, bead: string, now: Date): string {
  return `polecat/${name}/${bead.replace(/[^A-Za-z0-9._-]/g, '-')}@${now.getTime().toString(36)}`;
}

/** Converts any text to one part of a file or ref name: ids come from untrusted files. */
export function safePart(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 120) || '_';
}
