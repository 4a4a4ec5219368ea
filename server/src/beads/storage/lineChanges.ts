import type { Stored } from './codec';

/** Texts by id for a file of beads; undefined for a bead that is gone. A map can be used. */
export type LineChanges = Pick<ReadonlyMap<string, string | undefined>, 'get' | 'has' | typeof Symbol.iterator>;

/** The texts of beads, produced on demand: those of an import would double the memory. */
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
