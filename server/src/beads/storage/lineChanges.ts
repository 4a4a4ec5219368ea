import type { Stored } from './codec';

/** Texts by id for a file of beads; undefined for a bead that is gone. A map is one. */
export type LineChanges = Pick<ReadonlyMap<string, string | undefined>, 'get' | 'has' | typeof Symbol.iterator>;

/** The texts of beads, made when they are asked for: those of an import would fill the memory once more. */
export class StoredChanges implements LineChanges {
  private readonly beads: ReadonlyMap<string, Stored | undefined>;

  constructor(beads: Iterable<readonly [id: string, stored: Stored | undefined]>) {
    this.beads = new Map(beads);
  }

  has(id: string): boolean {
    return this.beads.has(id);
  }

  get(id: string): string | undefined {
    return this.beads.get(id)?.text;
  }

  ids(): Iterable<string> {
    return this.beads.keys();
  }

  isGone(id: string): boolean {
    return this.beads.get(id) === undefined;
  }

  *[Symbol.iterator](): MapIterator<[string, string | undefined]> {
    for (const [id, stored] of this.beads) yield [id, stored?.text];
  }
}
