import { Disposable, Emitter } from '../../../../server/src/base/lifecycle';
import {
  boardGroupings,
  boardListLimit,
  boardPageLimit,
  type BoardGrouping,
} from '../../../../server/src/protocol/board';
import type { BeadInfo } from '../../../../server/src/protocol/town';
import { remember, type Memory } from '../../base/editor';
import type { BeadListWatch, ShownItem, ShownLists } from './beadListWatch';

const PAGE = 100;
/** Number of closed beads on a page: only the most recent ones are of interest. */
const CLOSED_PAGE = 20;

/** State of the Beads view. */
export interface BeadListsState {
  readonly grouping: BoardGrouping;
  readonly filter: string;
  /** Lists by key (see `BoardItem`); undefined until the first answer. */
  readonly lists: ShownLists | undefined;
}

const GROUPING_KEY = 'gastown.beadGrouping';

/** The user's choices in the Beads view: grouping, filter, open lists and pages. `BeadListWatch` has the lists. */
export class BeadLists extends Disposable implements BeadListsState {
  private readonly changeEmitter = this._register(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;
  /** The open lists, with their numbers of requested rows. */
  private readonly limits = new Map<string, number>();
  private currentGrouping: BoardGrouping;
  private currentFilter = '';
  private visible = false;

  constructor(
    private readonly watch: BeadListWatch,
    private readonly memory: Memory,
  ) {
    super();
    const remembered = memory.get(GROUPING_KEY);
    this.currentGrouping = boardGroupings.find((grouping) => grouping === remembered) ?? 'state';
    this._register(watch.onDidChange(() => this.listsChanged()));
  }

  get grouping(): BoardGrouping {
    return this.currentGrouping;
  }

  get filter(): string {
    return this.currentFilter;
  }

  get lists(): ShownLists | undefined {
    return this.watch.lists;
  }

  /** Why the lists may be out of date. */
  get problem(): string | undefined {
    return this.watch.problem;
  }

  /** A bead of any displayed list. */
  get(id: string): BeadInfo | undefined {
    const items = Object.values(this.lists ?? {}).flatMap((list): ShownItem[] => list.items);
    return items.flatMap((item) => (item.kind === 'bead' && item.bead.id === id ? [item.bead] : []))[0];
  }

  /** Sets whether the view is visible: nothing is watched while it is hidden. */
  setVisible(visible: boolean): void {
    this.visible = visible;
    this.update();
  }

  setGrouping(grouping: BoardGrouping): void {
    if (grouping === this.currentGrouping) return;
    this.currentGrouping = grouping;
    remember(this.memory, GROUPING_KEY, grouping);
    this.startOver();
  }

  setFilter(text: string): void {
    if (text.trim() === this.currentFilter) return;
    this.currentFilter = text.trim();
    this.startOver();
  }

  open(key: string): void {
    if (this.limits.has(key)) return;
    this.limits.set(key, key.endsWith('closed') ? CLOSED_PAGE : PAGE);
    this.update();
  }

  close(key: string): void {
    this.limits.delete(key);
    this.update();
  }

  /** Shows the next page of a list. */
  more(key: string): void {
    const shown = this.lists?.[key]?.items.length ?? 0;
    this.limits.set(key, Math.min(Math.max(shown, this.limits.get(key) ?? 0) + PAGE, boardPageLimit));
    this.update();
  }

  /**
   * Requests lists for a new grouping or filter. The old ones stay until the answer: an empty tree would look as if
   * there were no beads.
   */
  private startOver(): void {
    this.limits.clear();
    this.changeEmitter.fire();
    this.update();
  }

  /** Stops watching lists that no longer exist, such as the children of a deleted epic. */
  private listsChanged(): void {
    if (this.watch.missing.length > 0) {
      for (const key of this.watch.missing) this.limits.delete(key);
      this.update();
    }
    this.changeEmitter.fire();
  }

  private update(): void {
    // If there are more lists than a server accepts, the most recently opened ones.
    const open = [...this.limits].slice(-boardListLimit).map(([key, limit]) => ({ key, limit }));
    this.watch.show(this.visible ? { grouping: this.grouping, text: this.filter, open } : undefined);
  }
}
