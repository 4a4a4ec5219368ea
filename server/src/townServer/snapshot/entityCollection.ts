/** Changes of a collection: new or changed items, and the ids of removed ones. */
export interface CollectionChange<T> {
  upsert: T[];
  remove: string[];
}

/** The items of one collection as clients have them, with their JSON: an item with the same text has not changed. */
export class EntityCollection<T extends { id: string }> {
  private readonly entries = new Map<string, { item: T; text: string }>();

  items(): T[] {
    return [...this.entries.values()].map(({ item }) => item);
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  get(id: string): T | undefined {
    return this.entries.get(id)?.item;
  }

  *values(): Generator<T> {
    for (const { item } of this.entries.values()) yield item;
  }

  ids(): Iterable<string> {
    return this.entries.keys();
  }

  /** Replaces all items. */
  replace(items: readonly T[]): CollectionChange<T> {
    const ids = new Set(items.map(({ id }) => id));
    return this.apply(items, (id) => ids.has(id));
  }

  /** Updates some items, and drops others for which `isKept` is false. The cost depends on the given items. */
  apply(items: readonly T[], isKept: (id: string) => boolean): CollectionChange<T> {
    const upsert = items.filter((item) => this.put(item));
    const remove = [...this.entries.keys()].filter((id) => !isKept(id));
    for (const id of remove) this.entries.delete(id);
    return { upsert, remove };
  }

  /** Stores an item. @returns whether it is new or has changed */
  put(item: T): boolean {
    const text = JSON.stringify(item);
    if (this.entries.get(item.id)?.text === text) return false;
    this.entries.set(item.id, { item, text });
    return true;
  }
}
