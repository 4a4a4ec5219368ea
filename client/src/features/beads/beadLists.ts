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
import type { Log } from '../../base/log';
import type { TownStore } from '../../state/townStore';
import type { ServerConnection } from '../../state/townSync';

/** Changes come in bursts; the lists are asked for at most so often. */
const FOLLOW_MS = 250;
/** What is put off becomes ready by itself: nothing tells when. */
const CLOCK_MS = 60_000;
const PAGE = 100;
/** People look for what closed last. */
const CLOSED_PAGE = 20;
const CONCERNS: readonly CollectionName[] = ['town', 'rigs', 'convoys', 'beads', 'attention'];

/** What the Beads view shows, as it is drawn. */
export interface BeadListsState {
  readonly grouping: BoardGrouping;
  readonly text: string;
  /** By key; undefined until the first answer. */
  readonly lists: Readonly<Record<string, BoardList>> | undefined;
}

/** Where the grouping is kept; a Memento of VS Code looks like this. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const GROUPING_KEY = 'gastown.beadGrouping';

/**
 * The lists of the Beads view: only those that are open, a page of each, and only while somebody looks. The town's
 * picture says when some bead has changed; then they are asked for again.
 */
export class BeadLists extends Disposable implements BeadListsState {
  private readonly changeEmitter = this._register(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;
  private readonly limits = new Map<string, number>();
  private answer: Record<string, BoardList> | undefined;
  private current: BoardGrouping;
  private filter = '';
  private visible = false;
  private stale = true;
  private asking = false;
  private timer: NodeJS.Timeout | undefined;
  /** Why the lists may be old. */
  problem: string | undefined;

  constructor(
    private readonly store: TownStore,
    private readonly link: ServerConnection,
    private readonly memory: Memory,
    private readonly log: Log,
  ) {
    super();
    const kept = memory.get(GROUPING_KEY);
    this.current = boardGroupings.find((grouping) => grouping === kept) ?? 'state';
    this._register(
      store.onDidChange((touched) => {
        if (!store.hasSnapshot) this.clear();
        else if (CONCERNS.some((name) => touched.has(name))) this.refresh(FOLLOW_MS);
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
    return this.current;
  }

  get text(): string {
    return this.filter;
  }

  get lists(): Readonly<Record<string, BoardList>> | undefined {
    return this.answer;
  }

  /** A bead of any list. */
  get(id: string): BoardBead | undefined {
    const items = Object.values(this.answer ?? {}).flatMap((list): BoardItem[] => list.items);
    return items.flatMap((item) => (item.kind === 'bead' && item.bead.id === id ? [item.bead] : []))[0];
  }

  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible && this.stale) this.refresh(0);
  }

  group(grouping: BoardGrouping): void {
    if (grouping === this.current) return;
    this.current = grouping;
    void this.memory.update(GROUPING_KEY, grouping);
    this.startOver();
  }

  search(text: string): void {
    if (text.trim() === this.filter) return;
    this.filter = text.trim();
    this.startOver();
  }

  /** Somebody looks into this list. */
  open(key: string): void {
    if (this.limits.has(key)) return;
    this.limits.set(key, key.endsWith('closed') ? CLOSED_PAGE : PAGE);
    this.refresh(0);
  }

  close(key: string): void {
    this.limits.delete(key);
  }

  /** The next page of a list. */
  more(key: string): void {
    const shown = this.answer?.[key]?.items.length ?? 0;
    this.limits.set(key, Math.min(Math.max(shown, this.limits.get(key) ?? 0) + PAGE, boardPageLimit));
    this.refresh(0);
  }

  private startOver(): void {
    // What is shown stays until the answer is there: an empty tree would say that there is nothing.
    this.limits.clear();
    this.changeEmitter.fire();
    this.refresh(0);
  }

  private clear(): void {
    if (!this.answer) return;
    this.answer = undefined;
    this.stale = true;
    this.changeEmitter.fire();
  }

  private refresh(waitMs: number): void {
    this.stale = true;
    if (!this.visible || !this.store.hasSnapshot || this.isDisposed) return;
    if (waitMs === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    this.timer ??= setTimeout(() => void this.ask(), waitMs);
  }

  /** One question at a time: what is asked meanwhile is asked after it. */
  private async ask(): Promise<void> {
    this.timer = undefined;
    if (this.asking) return;
    this.asking = true;
    this.stale = false;
    const { current, filter } = this;
    try {
      const open = [...this.limits].map(([key, limit]) => ({ key, limit }));
      const { lists } = await this.link.call(
        BoardGet.spec,
        { grouping: current, text: filter, open },
        { repeat: false },
      );
      if (current === this.current && filter === this.filter && this.store.hasSnapshot) this.answer = lists;
      this.problem = undefined;
    } catch (error) {
      this.problem = messageOf(error);
      this.log.warn(`the beads cannot be listed: ${this.problem}`);
    }
    this.asking = false;
    if (this.isDisposed) return;
    this.changeEmitter.fire();
    if (this.stale) this.refresh(FOLLOW_MS);
  }
}
