import * as vscode from 'vscode';
import { Disposable, toDisposable } from '../../../../server/src/base/lifecycle';
import type { TownStore } from '../../state/townStore';
import type { Row } from './row';
import { RowForest, type RowNode } from './rowDiff';
import { tooltipOf } from '../../features/tooltips';

/** Deltas come in bursts; a tree is drawn at most so often. */
const DRAW_MS = 50;

/** What a tree does besides showing rows of the store. */
export interface RowTreeOptions {
  /** Another source of its rows, besides the store. */
  onDidChange?: vscode.Event<void>;
  /** Hover text where it is not the store's. */
  tooltip?(target: Row['target']): string | undefined;
  /** The children of this row are looked at, or no longer. */
  onOpen?(row: Row): void;
  onClose?(row: Row): void;
  canSelectMany?: boolean;
  dragAndDropController?: vscode.TreeDragAndDropController<RowNode>;
}

/** One tree view that shows rows of the store and follows it. */
export class RowTree extends Disposable implements vscode.TreeDataProvider<RowNode> {
  private readonly forest = new RowForest();
  private readonly changeEmitter = this._register(new vscode.EventEmitter<RowNode | RowNode[] | undefined>());
  readonly onDidChangeTreeData = this.changeEmitter.event;
  readonly view: vscode.TreeView<RowNode>;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    id: string,
    private readonly store: TownStore,
    private readonly rows: (store: TownStore) => Row[],
    private readonly options: RowTreeOptions = {},
  ) {
    super();
    this.forest.update(rows(store));
    this.view = this._register(
      vscode.window.createTreeView(id, {
        treeDataProvider: this,
        showCollapseAll: true,
        canSelectMany: options.canSelectMany ?? false,
        dragAndDropController: options.dragAndDropController,
      }),
    );
    this._register(this.view.onDidCollapseElement(({ element }) => options.onClose?.(element.row)));
    if (options.onDidChange) this._register(options.onDidChange(() => this.drawSoon()));
    this._register(store.onDidChange(() => this.drawSoon()));
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  getTreeItem({ row }: RowNode): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label, collapsible(row));
    item.id = row.id;
    item.description = row.description;
    item.iconPath = new vscode.ThemeIcon(
      row.icon.id,
      row.icon.color === undefined ? undefined : new vscode.ThemeColor(row.icon.color),
    );
    item.contextValue = row.context;
    item.accessibilityInformation = { label: row.aria, role: 'treeitem' };
    if (row.click) item.command = { command: row.click, title: row.label, arguments: [row.target] };
    return item;
  }

  getChildren(node?: RowNode): RowNode[] {
    // Asked for also where VS Code itself remembers a row as open, of which no event tells.
    if (node) this.options.onOpen?.(node.row);
    return node ? node.children : this.forest.roots;
  }

  getParent(node: RowNode): RowNode | undefined {
    return node.parent;
  }

  resolveTreeItem(item: vscode.TreeItem, { row }: RowNode): vscode.TreeItem {
    const text = this.options.tooltip?.(row.target) ?? tooltipOf(this.store, row.target);
    // Never trusted: titles and problems come from anywhere.
    item.tooltip = text === undefined ? row.label : new vscode.MarkdownString(text, true);
    return item;
  }

  /** Selects a row and brings it into view; false where there is none. */
  async reveal(id: string): Promise<boolean> {
    this.draw();
    const node = this.forest.get(id);
    if (!node) return false;
    await this.view.reveal(node, { select: true, focus: true });
    return true;
  }

  private drawSoon(): void {
    this.timer ??= setTimeout(() => this.draw(), DRAW_MS);
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changed = this.forest.update(this.rows(this.store));
    if (changed === 'all') this.changeEmitter.fire(undefined);
    else if (changed.length > 0) this.changeEmitter.fire(changed);
  }
}

function collapsible(row: Row): vscode.TreeItemCollapsibleState {
  if (row.children.length === 0) return vscode.TreeItemCollapsibleState.None;
  return row.open ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
}
