import { Disposable, Emitter } from '../../../../server/src/base/lifecycle';
import type { BoardItem, BoardQuery } from '../../../../server/src/protocol/board';
import type { BeadInfo } from '../../../../server/src/protocol/town';
import type { TownStore } from '../../state/townStore';
import type { TownSync } from '../../state/townSync';

/** A list of the store with its beads. */
export interface ShownList {
  total: number;
  items: ShownItem[];
}

export type ShownItem = Extract<BoardItem, { kind: 'group' }> | { kind: 'bead'; bead: BeadInfo };

/** Lists by key (see `BoardItem`). */
export type ShownLists = Readonly<Record<string, ShownList>>;

/** Watches lists of beads while they are shown: the server keeps them in the store up to date. */
export class BeadListWatch extends Disposable {
  private readonly changeEmitter = this._register(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;
  private query: BoardQuery | undefined;
  private current: ShownLists | undefined;
  private currentMissing: readonly string[] = [];

  constructor(
    private readonly store: TownStore,
    private readonly sync: Pick<TownSync, 'watch' | 'watched' | 'watchProblem' | 'onDidWatch'>,
  ) {
    super();
    this._register(
      store.onDidChange((names) => {
        if (names.has('lists') || names.has('beads')) this.update();
      }),
    );
    this._register(sync.onDidWatch(() => this.update()));
  }

  /** Undefined until the first answer. The lists of an earlier query stay until those of the next one arrive. */
  get lists(): ShownLists | undefined {
    return this.current;
  }

  /** Keys of the last query without a list. */
  get missing(): readonly string[] {
    return this.currentMissing;
  }

  /** Why the lists may be out of date. */
  get problem(): string | undefined {
    return this.sync.watchProblem;
  }

  /** Sets the query; undefined while no list is shown: then nothing is watched, and the lists stay as they are. */
  show(query: BoardQuery | undefined): void {
    const before = this.query;
    this.query = query;
    if (!query) this.sync.watch(undefined);
    else if (!isCovered(query, before)) this.sync.watch(query);
    // The server keeps the larger query, so a collapsed list is available when it is expanded again.
    else this.query = before;
  }

  private update(): void {
    const { query, store } = this;
    const { watched } = this.sync;
    if (!store.hasSnapshot) this.current = undefined;
    else if (query && watched && isSameView(watched, query)) {
      this.current = this.shownLists();
      this.currentMissing = watched.open.map(({ key }) => key).filter((key) => !store.lists.get(key));
    }
    this.changeEmitter.fire();
  }

  private shownLists(): ShownLists {
    const lists = this.store.lists.all().map(({ id, total, items }) => {
      const shown = items.flatMap((item): ShownItem[] => {
        if (item.kind === 'group') return [item];
        const bead = this.store.beads.get(item.id);
        return bead ? [{ kind: 'bead', bead }] : [];
      });
      return [id, { total, items: shown }] as const;
    });
    return Object.fromEntries(lists);
  }
}

/** Whether the lists of the previous query cover the next one. */
function isCovered(next: BoardQuery, previous: BoardQuery | undefined): boolean {
  if (!previous || !isSameView(next, previous)) return false;
  const limits = new Map(previous.open.map(({ key, limit }) => [key, limit]));
  return next.open.every(({ key, limit }) => limit <= (limits.get(key) ?? 0));
}

/** Whether two queries have the same grouping and filter: other lists must not be shown. */
function isSameView(one: BoardQuery, other: BoardQuery): boolean {
  return one.grouping === other.grouping && one.text === other.text;
}
