import { Disposable } from '../../../../server/src/base/lifecycle';
import { openAttention } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import { RowTree } from '../../ui/tree/rowTree';
import { attentionRows, attentionTooltip, needsYouText } from './attentionRows';

/** The Needs Attention view: its tree, and the badge with the number of open items. */
export class AttentionView extends Disposable {
  readonly tree: RowTree;

  constructor(private readonly store: TownStore) {
    super();
    this.tree = this._register(
      new RowTree('gastown.attention', {
        rows: () => attentionRows(store),
        tooltip: (target) => attentionTooltip(store, target),
        onDidChange: (changed) => [store.onDidChange(changed)],
      }),
    );
    this._register(store.onDidChange(() => this.update()));
    this.update();
  }

  private update(): void {
    const count = openAttention(this.store).length;
    this.tree.view.badge = count === 0 ? undefined : { value: count, tooltip: needsYouText(count) };
  }
}
