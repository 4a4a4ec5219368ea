import { messageOf } from '../../../../server/src/base/errors';
import { Disposable, Emitter, toDisposable } from '../../../../server/src/base/lifecycle';
import {
  BoardGet,
  boardGroupings,
  boardPageLimit,
  type BoardBead,
  type BoardGrouping,
  type BoardItem,
  type BoardList,
} from '../../../../server/src/protocol/board';
import type { CollectionName } from '../../../../server/src/protocol/town';
import type { Log, Memory } from '../../base/editor';
import type { ServerConnection } from '../../connection/serverConnection';
import type { TownStore } from '../../state/townStore';

/** Changes come in bursts; the lists are requested at most this often. */
const REFRESH_MS = 250;
/** A deferred bead becomes ready by the time alone, without a change. */
const CLOCK_MS = 60_000;
const PAGE = 100;
/** People look for what was closed last. */
const CLOSED_PAGE = 20;
const RELEVANT: readonly CollectionName[] = ['town', 'rigs', 'convoys', 'beads', 'attention'];

/** What the Beads view shows. */
export interface BeadListsState {
  readonly grouping: BoardGrouping;
  readonly filter: string;
  /** By key (see `BoardItem`); undefined until the first answer. */
  readonly lists: Readonly<Record<string, BoardList>> | undefined;
}

const GROUPING_KEY = 'gastown.beadGrouping';

/** The lists of the Beads view: a page of each list that is open, while the view is visible. */
export class BeadLists extends Disposable implements BeadListsState {
  private readonly changeEmitter = this._register(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;
  /** The open lists, with the number of rows that are wanted. */
  private readonly limits = new Map<string, number>();
  private current: Record<string, BoardList> | undefined;
  private currentGrouping: BoardGrouping;
  private currentFilter = '';
  private visible = false;
  private stale = true;
  private loading = false;
  private timer: NodeJS.Timeout | undefined;
  /** Why the lists may be out of date. */
  problem: string | undefined;

  constructor(
    private readonly store: TownStore,
    private readonly connection: Pick<ServerConnection, 'call'>,
    private readonly memory: Memory,
    private readonly log: Log,
  ) {
    super();
    const remembered = memory.get(GROUPING_KEY);
    this.currentGrouping = boardGroupings.find((grouping) => grouping === remembered) ?? 'state';
    this._register(
      store.onDidChange((touched) => {
        if (!store.hasSnapshot) this.clear();
        else if (RELEVANT.some((name) => touched.has(name))) this.refresh(REFRESH_MS);
      }),
    );
    const clock = setInterval(() => this.refresh(0), CLOCK_MS);
    this._register(
      toDisposable(() => {
        clearInterval(clock);
        clearTimeout(this.timer);
      }),
    );
  }

  get grouping(): BoardGrouping {
    return this.currentGrouping;
  }

  get filter(): string {
    return this.currentFilter;
  }

  get lists(): Readonly<Record<string, BoardList>> | undefined {
    return this.current;
  }

  /** A bead of any loaded list. */
  get(id: string): BoardBead | undefined {
    const items = Object.values(this.current ?? {}).flatMap((list): BoardItem[] => list.items);
    return items.flatMap((item) => (item.kind === 'bead' && item.bead.id === id ? [item.bead] : []))[0];
  }

  /** Nothing is requested while the view is hidden. */
  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible && this.stale) this.refresh(0);
  }

  setGrouping(grouping: BoardGrouping): void {
    if (grouping === this.currentGrouping) return;
    this.currentGrouping = grouping;
    void this.memory.update(GROUPING_KEY, grouping);
    this.reload();
  }

  setFilter(text: string): void {
    if (text.trim() === this.currentFilter) return;
    this.currentFilter = text.trim();
    this.reload();
  }

  open(key: string): void {
    if (this.limits.has(key)) return;
    this.limits.set(key, key.endsWith('closed') ? CLOSED_PAGE : PAGE);
    this.refresh(0);
  }

  close(key: string): void {
    this.limits.delete(key);
  }

  /** Loads the next page of a list. */
  more(key: string): void {
    const shown = this.current?.[key]?.items.length ?? 0;
    this.limits.set(key, Math.min(Math.max(shown, this.limits.get(key) ?? 0) + PAGE, boardPageLimit));
    this.refresh(0);
  }

  private reload(): void {
    // The old lists stay until the answer arrives: an empty tree would mean that there is no bead.
    this.limits.clear();
    this.changeEmitter.fire();
    this.refresh(0);
  }

  private clear(): void {
    if (!this.current) return;
    this.current = undefined;
    this.stale = true;
    this.changeEmitter.fire();
  }

  private refresh(delayMs: number): void {
    this.stale = true;
    if (!this.visible || !this.store.hasSnapshot || this.isDisposed) return;
    if (delayMs === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    this.timer ??= setTimeout(() => void this.load(), delayMs);
  }

  /** One request at a time: changes that arrive during a request lead to another one after it. */
  private async load(): Promise<void> {
    this.timer = undefined;
    if (this.loading) return;
    this.loading = true;
    this.stale = false;
    const { grouping, filter } = this;
    try {
      const open = [...this.limits].map(([key, limit]) => ({ key, limit }));
      const { lists } = await this.connection.call(BoardGet.spec, { grouping, text: filter, open }, { repeat: false });
      if (grouping === this.grouping && filter === this.filter && this.store.hasSnapshot) this.current = lists;
      this.problem = undefined;
    } catch (error) {
      this.problem = messageOf(error);
      this.log.warn(`cannot list the beads: ${this.problem}`);
    }
    this.loading = false;
    if (this.isDisposed) return;
    this.changeEmitter.fire();
    if (this.stale) this.refresh(REFRESH_MS);
  }
}
