import * as vscode from 'vscode';
import { Disposable, toDisposable, type IDisposable } from '../../../../server/src/base/lifecycle';
import type { Row, RowTarget } from './row';
import { revealMisleading } from '../../base/text';
import { RowForest, type RowNode } from './rowDiff';

/** Minimum interval between updates of a tree, because deltas come in bursts. */
const UPDATE_MS = 50;

/** Source of the rows of a tree. */
export interface RowSource {
  rows(): Row[];
  /** Markdown for the hover of a row; created when it is shown. */
  tooltip(target: RowTarget): string | undefined;
  /** Subscribes to changes of the rows. */
  onDidChange(changed: () => void): IDisposable[];
  /** Called when the children of a row are expanded or collapsed. */
  onOpen?(row: Row): void;
  onClose?(row: Row): void;
}

type ViewOptions = Pick<vscode.TreeViewOptions<RowNode>, 'canSelectMany' | 'dragAndDropController'>;

/** A tree view of rows that follows its source. */
export class RowTree extends Disposable implements vscode.TreeDataProvider<RowNode> {
  private readonly forest = new RowForest();
  private readonly changeEmitter = this._register(new vscode.EventEmitter<RowNode | RowNode[] | undefined>());
  readonly onDidChangeTreeData = this.changeEmitter.event;
  readonly view: vscode.TreeView<RowNode>;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    id: string,
    private readonly source: RowSource,
    options: ViewOptions = {},
  ) {
    super();
    this.forest.update(source.rows());
    this.view = this._register(
      vscode.window.createTreeView(id, { treeDataProvider: this, showCollapseAll: true, ...options }),
    );
    this._register(this.view.onDidCollapseElement(({ element }) => source.onClose?.(element.row)));
    for (const listener of source.onDidChange(() => this.updateSoon())) this._register(listener);
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  getTreeItem({ row }: RowNode): vscode.TreeItem {
    // Escapes characters that reorder or hide text, whatever the source of the row.
    const label = revealMisleading(row.label);
    const item = new vscode.TreeItem(label, collapsible(row));
    item.id = row.id;
    item.description = row.description === undefined ? undefined : revealMisleading(row.description);
    item.iconPath = new vscode.ThemeIcon(
      row.icon.id,
      row.icon.color === undefined ? undefined : new vscode.ThemeColor(row.icon.color),
    );
    item.contextValue = row.context;
    item.accessibilityInformation = { label: revealMisleading(row.aria), role: 'treeitem' };
    if (row.click) item.command = { command: row.click, title: label, arguments: [row.target] };
    return item;
  }

  getChildren(node?: RowNode): RowNode[] {
    // VS Code also requests the children of rows that it remembers as expanded, for which it fires no event.
    if (node) this.source.onOpen?.(node.row);
    return node ? node.children : this.forest.roots;
  }

  getParent(node: RowNode): RowNode | undefined {
    return node.parent;
  }

  resolveTreeItem(item: vscode.TreeItem, { row }: RowNode): vscode.TreeItem {
    const text = this.source.tooltip(row.target);
    // Untrusted: titles and messages may come from anywhere.
    item.tooltip = text === undefined ? revealMisleading(row.label) : new vscode.MarkdownString(text, true);
    return item;
  }

  /** Selects a row and scrolls it into view; false if it does not exist. */
  async reveal(id: string): Promise<boolean> {
    this.update();
    const node = this.forest.get(id);
    if (!node) return false;
    await this.view.reveal(node, { select: true, focus: true });
    return true;
  }

  private updateSoon(): void {
    this.timer ??= setTimeout(() => this.update(), UPDATE_MS);
  }

  private update(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changed = this.forest.update(this.source.rows());
    if (changed === 'all') this.changeEmitter.fire(undefined);
    else if (changed.length > 0) this.changeEmitter.fire(changed);
  }
}

function collapsible(row: Row): vscode.TreeItemCollapsibleState {
  if (row.children.length === 0) return vscode.TreeItemCollapsibleState.None;
  return row.open ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
}
