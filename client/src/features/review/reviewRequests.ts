import type { Memento } from 'vscode';
import { z } from 'zod';
import { Disposable } from '../../../../server/src/base/lifecycle';
import type { AttentionInfo } from '../../../../server/src/protocol/town';
import type { TownStore } from '../../state/townStore';

const KEY = 'gastown.askedReviews';
const MAX_ASKED = 200;

/** Asks for the review of each merge request once in this window, also where it is loaded again. */
export class ReviewRequests extends Disposable {
  private asked: string[];

  constructor(
    private readonly store: TownStore,
    private readonly memory: Pick<Memento, 'get' | 'update'>,
    private readonly ask: (item: AttentionInfo) => void,
  ) {
    super();
    this.asked = z.array(z.string()).safeParse(memory.get(KEY)).data ?? [];
    this._register(store.attention.onDidChange(() => this.look()));
  }

  private look(): void {
    const open = this.store.attention.all().filter((item) => item.kind === 'review' && !this.asked.includes(item.id));
    if (open.length === 0) return;
    this.asked = [...this.asked, ...open.map((item) => item.id)].slice(-MAX_ASKED);
    void this.memory.update(KEY, this.asked);
    for (const item of open) this.ask(item);
  }
}
