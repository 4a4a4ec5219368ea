import { Emitter, type IDisposable } from '../../../server/src/base/lifecycle';

export interface CollectionChange {
  /** Whether a snapshot replaced everything. */
  reset: boolean;
  changed: ReadonlySet<string>;
}

/** The entities of one kind by id, with an event for their changes. */
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

  /** Called by the store after the whole delta has been applied. */
  fire(change: CollectionChange): void {
    this.emitter.fire(change);
  }

  dispose(): void {
    this.emitter.dispose();
  }
}
