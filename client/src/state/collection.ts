import { Emitter, type IDisposable } from '../../../server/src/base/lifecycle';

export interface CollectionChange {
  /** Everything is new: a snapshot replaced what was there. */
  reset: boolean;
  changed: ReadonlySet<string>;
}

/** Items by id, and what became of them. */
export class Collection<T extends { id: string }> implements IDisposable {
  private items = new Map<string, T>();
  private readonly emitter = new Emitter<CollectionChange>();
  readonly onDidChange = this.emitter.event;

  get(id: string): T | undefined {
    return this.items.get(id);
  }

  all(): T[] {
    return [...this.items.values()];
  }

  get size(): number {
    return this.items.size;
  }

  replace(items: readonly T[]): void {
    this.items = new Map(items.map((item) => [item.id, item]));
  }

  change(upsert: readonly T[], remove: readonly string[]): ReadonlySet<string> {
    for (const id of remove) this.items.delete(id);
    for (const item of upsert) this.items.set(item.id, item);
    return new Set([...remove, ...upsert.map((item) => item.id)]);
  }

  /** Told by the store, once the whole of a change is in place. */
  fire(change: CollectionChange): void {
    this.emitter.fire(change);
  }

  dispose(): void {
    this.emitter.dispose();
  }
}
