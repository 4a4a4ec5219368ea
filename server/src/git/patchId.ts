import { createHash } from 'node:crypto';
import { PATCH_OPTIONS } from './diff';
import { gitBytes, gitCapped, gitStream } from './git';
import type { RigRepository } from './repository';

const NEWLINE = 0x0a;

function diffCommand(base: string, commit: string): string[] {
  return ['diff', ...PATCH_OPTIONS, '--full-index', '--binary', base, commit, '--'];
}

/** The changes between two commits, complete, as bytes that are the same on every machine and work with `git apply`. */
export function diffOf(repository: RigRepository, base: string, commit: string): Promise<Buffer> {
  return gitBytes(repository.directory, diffCommand(base, commit));
}

/** The changes for reading: only the first bytes, and no binary files. */
export async function readableDiff(
  repository: RigRepository,
  base: string,
  commit: string,
  maxBytes: number,
): Promise<string> {
  return (await gitCapped(repository.directory, ['diff', ...PATCH_OPTIONS, base, commit, '--'], maxBytes)).text;
}

/** Identifies a patch independent of its base: see `PatchHash`. */
export async function patchId(repository: RigRepository, base: string, commit: string): Promise<string> {
  const hash = new PatchHash();
  await gitStream(repository.directory, diffCommand(base, commit), (piece) => hash.add(piece));
  return hash.digest();
}

/**
 * sha256 of a diff without the parts that depend on its position: blob hashes and line numbers. Like `git patch-id`,
 * but white space counts: in some languages it is significant. Computed from bytes: as text, all invalid UTF-8 would
 * look the same.
 */
export class PatchHash {
  private readonly hash = createHash('sha256');
  /** The current incomplete line. */
  private line: Buffer[] = [];

  add(piece: Buffer): void {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      this.line.push(piece.subarray(start, end));
      this.endLine();
      start = end + 1;
    }
    this.line.push(piece.subarray(start));
  }

  digest(): string {
    this.endLine();
    return this.hash.digest('hex');
  }

  private endLine(): void {
    const line = this.line.length === 1 ? this.line[0]! : Buffer.concat(this.line);
    this.line = [];
    if (startsWith(line, 'index ')) return;
    // Lines of content start with a space, a plus or a minus, so this is a hunk's head.
    if (startsWith(line, '@@ ')) this.hash.update('@@\n');
    else this.hash.update(line).update('\n');
  }
}

function startsWith(line: Buffer, word: string): boolean {
  return line.toString('latin1', 0, word.length) === word;
}
