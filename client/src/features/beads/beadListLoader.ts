import { messageOf } from '../../../../server/src/base/errors';
import { Disposable, Emitter, toDisposable } from '../../../../server/src/base/lifecycle';
import { BoardGet, type BoardList } from '../../../../server/src/protocol/board';
import type { Params } from '../../../../server/src/protocol/request';
import type { Log } from '../../base/editor';
import type { ServerConnection } from '../../connection/serverConnection';
import type { TownStore } from '../../state/townStore';

/** Deltas come in bursts; the lists are requested at most this often. */
const REFRESH_MS = 250;
/** A deferred bead becomes ready by the time alone, without a change. */
const CLOCK_MS = 60_000;

export type BeadListQuery = Params<typeof BoardGet.spec>;
export type LoadedLists = Readonly<Record<string, BoardList>>;

/** Loads lists of beads while they are shown: at once for another query, and after each delta that may change them. */
export class BeadListLoader extends Disposable {
  private readonly changeEmitter = this._register(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;
  private query: BeadListQuery | undefined;
  /** The query before the lists were hidden. */
  private lastQuery: BeadListQuery | undefined;
  private current: LoadedLists | undefined;
  private currentMissing: readonly string[] = [];
  private currentProblem: string | undefined;
  /** What the lists depend on, as of the last request. */
  private basis = '';
  private stale = true;
  private loading = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: TownStore,
    private readonly connection: Pick<ServerConnection, 'call'>,
    private readonly log: Log,
  ) {
    super();
    this._register(store.onDidChange(() => this.storeChanged()));
    const clock = setInterval(() => this.refresh(0), CLOCK_MS);
    this._register(
      toDisposable(() => {
        clearInterval(clock);
        clearTimeout(this.timer);
      }),
    );
  }

  /** Undefined until the first answer. The lists of an earlier query stay until those of the next one arrive. */
  get lists(): LoadedLists | undefined {
    return this.current;
  }

  /** Keys of the last query that name no list. */
  get missing(): readonly string[] {
    return this.currentMissing;
  }

  /** Why the lists may be out of date. */
  get problem(): string | undefined {
    return this.currentProblem;
  }

  /** Undefined while no list is shown: then nothing is requested. */
  show(query: BeadListQuery | undefined): void {
    const previous = this.query ?? this.lastQuery;
    const wasHidden = this.query === undefined;
    this.query = query;
    if (!query) return;
    this.lastQuery = query;
    if (!isCovered(query, previous) || (wasHidden && this.stale)) this.refresh(0);
  }

  private storeChanged(): void {
    if (!this.store.hasSnapshot) {
      this.stale = true;
      if (!this.current) return;
      this.current = undefined;
      this.changeEmitter.fire();
    } else if (basisOf(this.store) !== this.basis) {
      this.refresh(this.current ? REFRESH_MS : 0);
    }
  }

  private refresh(delayMs: number): void {
    this.stale = true;
    if (!this.query || !this.store.hasSnapshot || this.isDisposed) return;
    if (delayMs === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    this.timer ??= setTimeout(() => void this.load(), delayMs);
  }

  /** One request at a time: a change during a request leads to another one after it. */
  private async load(): Promise<void> {
    this.timer = undefined;
    const { query } = this;
    if (this.loading || !query) return;
    this.loading = true;
    this.stale = false;
    this.basis = basisOf(this.store);
    try {
      const { lists } = await this.connection.call(BoardGet.spec, query, { repeat: false });
      if (this.store.hasSnapshot && isSameView(query, this.query)) {
        this.current = lists;
        this.currentMissing = (query.open ?? []).map(({ key }) => key).filter((key) => !(key in lists));
      }
      this.currentProblem = undefined;
    } catch (error) {
      this.currentProblem = messageOf(error);
      this.log.warn(`cannot list the beads: ${this.currentProblem}`);
    }
    this.loading = false;
    if (this.isDisposed) return;
    this.changeEmitter.fire();
    if (this.stale) this.refresh(REFRESH_MS);
  }
}

/** Whether the lists of the previous query contain everything that the next one asks for. */
function isCovered(next: BeadListQuery, previous: BeadListQuery | undefined): boolean {
  if (!previous || !isSameView(next, previous)) return false;
  const limits = new Map((previous.open ?? []).map(({ key, limit }) => [key, limit]));
  return (next.open ?? []).every(({ key, limit }) => limit <= (limits.get(key) ?? 0));
}

/** Lists of another grouping or filter must not be shown as those of the present one. */
function isSameView(asked: BeadListQuery, now: BeadListQuery | undefined): boolean {
  return now === undefined || (asked.grouping === now.grouping && asked.text === now.text);
}

/** What lists depend on: the beads, and what is a reason to wait, such as a paused engine or a missing approval. */
function basisOf(store: TownStore): string {
  const blockers = store.attention
    .all()
    .flatMap(({ id, kind }) => (kind === 'consent' || kind === 'problem' ? [id] : []));
  const rigs = store.rigs.all().map(({ id, accepted }) => `${id}:${accepted}`);
  return JSON.stringify([store.town?.beadsRevision, store.town?.up, blockers, rigs]);
}
