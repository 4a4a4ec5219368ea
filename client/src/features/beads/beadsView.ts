import { Disposable, type IDisposable } from '../../../../server/src/base/lifecycle';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import type { Row, RowTarget } from '../../ui/tree/row';
import { RowTree, type RowSource } from '../../ui/tree/rowTree';
import type { BeadDrag } from './beadDrag';
import type { BeadLists } from './beadLists';
import { beadListTooltip, beadRows } from './beadRows';

/** The Beads view: its tree, and the filter and failures above it. */
export class BeadsView extends Disposable {
  readonly tree: RowTree;

  constructor(
    private readonly store: TownStore,
    private readonly lists: BeadLists,
    drag: BeadDrag,
  ) {
    super();
    this.tree = this._register(
      new RowTree('gastown.beads', new BeadRowSource(store, lists), {
        canSelectMany: true,
        dragAndDropController: drag.source,
      }),
    );
    this._register(this.tree.view.onDidChangeVisibility(({ visible }) => lists.setVisible(visible)));
    this._register(lists.onDidChange(() => this.update()));
    this._register(store.onDidChange(() => this.update()));
    lists.setVisible(this.tree.view.visible);
    this.update();
  }

  private update(): void {
    const { filter } = this.lists;
    this.tree.view.description = filter === '' ? '' : `“${oneLine(filter, 40)}”`;
    this.tree.view.message = this.store.hasSnapshot ? this.message() : undefined;
  }

  /** The message above the tree: the welcome view of an empty tree does not mention filters and failures. */
  private message(): string | undefined {
    const { problem, filter, lists } = this.lists;
    if (problem !== undefined) return l10n.t('Cannot list the beads: {0}', oneLine(problem, 200));
    return filter !== '' && lists?.['']?.items.length === 0
      ? l10n.t('No bead matches “{0}”.', oneLine(filter, 60))
      : undefined;
  }
}

class BeadRowSource implements RowSource {
  constructor(
    private readonly store: TownStore,
    private readonly lists: BeadLists,
  ) {}

  rows(): Row[] {
    return beadRows(this.store, this.lists);
  }

  tooltip(target: RowTarget): string | undefined {
    const bead = target.kind === 'bead' ? this.lists.get(target.id) : undefined;
    return bead && beadListTooltip(bead);
  }

  onDidChange(changed: () => void): IDisposable[] {
    return [this.store.onDidChange(changed), this.lists.onDidChange(changed)];
  }

  onOpen(row: Row): void {
    this.lists.open(listKey(row));
  }

  onClose(row: Row): void {
    this.lists.close(listKey(row));
  }
}

function listKey({ target }: Row): string {
  return target.kind === 'bead' ? `epic:${target.id}` : target.id;
}
