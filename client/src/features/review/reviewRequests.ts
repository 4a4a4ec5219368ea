import { z } from 'zod';
import { Disposable } from '../../../../server/src/base/lifecycle';
import type { AttentionInfo } from '../../../../server/src/protocol/town';
import { remember, type Memory } from '../../base/editor';
import type { TownStore } from '../../state/townStore';

const KEY = 'gastown.askedReviews';
const MAX_NOTIFIED = 200;

/** Notifies the user of each requested review once in this window, even after a reload. */
export class ReviewRequests extends Disposable {
  private notified: string[];

  constructor(
    private readonly store: TownStore,
    private readonly memory: Memory,
    private readonly notify: (item: AttentionInfo) => void,
  ) {
    super();
    this.notified = z.array(z.string()).safeParse(memory.get(KEY)).data ?? [];
    this._register(store.attention.onDidChange(() => this.check()));
  }

  private check(): void {
    const open = this.store.attention
      .all()
      .filter((item) => item.kind === 'review' && !this.notified.includes(item.id));
    if (open.length === 0) return;
    this.notified = [...this.notified, ...open.map((item) => item.id)].slice(-MAX_NOTIFIED);
    remember(this.memory, KEY, this.notified);
    for (const item of open) this.notify(item);
  }
}
