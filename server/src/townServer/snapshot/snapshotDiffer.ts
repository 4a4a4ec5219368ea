import {
  collectionNames,
  type CollectionName,
  type TownCollections,
  type TownDelta,
  type TownSnapshot,
} from '../../protocol/town';

export type SnapshotContent = { [N in CollectionName]: TownCollections[N][] };

/** Keeps the last picture of the town and says what is new in the next. Revisions rise by one with each change. */
export class SnapshotDiffer {
  private revision = 1;
  private last: SnapshotContent;
  private texts: Record<CollectionName, Map<string, string>>;

  constructor(first: SnapshotContent) {
    this.last = first;
    this.texts = textsOf(first);
  }

  snapshot(): TownSnapshot {
    return { revision: this.revision, ...this.last };
  }

  /** Undefined where nothing has changed. */
  update(next: SnapshotContent): TownDelta | undefined {
    const texts = textsOf(next);
    const changes: TownDelta['changes'] = {};
    for (const name of collectionNames) addChanges(changes, name, next, this.texts[name], texts[name]);
    this.last = next;
    this.texts = texts;
    if (Object.keys(changes).length === 0) return undefined;
    this.revision += 1;
    return { from: this.revision - 1, to: this.revision, changes };
  }
}

function addChanges<N extends CollectionName>(
  changes: TownDelta['changes'],
  name: N,
  next: SnapshotContent,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): void {
  const upsert = next[name].filter((item) => before.get(item.id) !== after.get(item.id));
  const remove = [...before.keys()].filter((id) => !after.has(id));
  if (upsert.length > 0 || remove.length > 0) changes[name] = { upsert, remove } as TownDelta['changes'][N];
}

function textsOf(picture: SnapshotContent): Record<CollectionName, Map<string, string>> {
  return Object.fromEntries(
    collectionNames.map((name) => [name, new Map(picture[name].map((item) => [item.id, JSON.stringify(item)]))]),
  ) as Record<CollectionName, Map<string, string>>;
}
