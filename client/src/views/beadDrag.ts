import * as vscode from 'vscode';
import type { RowNode } from './rowDiff';

/** The type that VS Code gives to what is dragged out of the Beads view. */
const MIME = 'application/vnd.code.tree.gastown.beads';

/** Beads can be dragged out of the Beads view. */
export const dragBeads: vscode.TreeDragAndDropController<RowNode> = {
  dragMimeTypes: [MIME],
  dropMimeTypes: [],
  handleDrag(nodes, data): void {
    const ids = nodes.filter(({ row }) => row.target.kind === 'bead').map(({ row }) => row.target.id);
    if (ids.length > 0) data.set(MIME, new vscode.DataTransferItem(JSON.stringify(ids)));
  },
};

/** They can be dropped on a convoy, or on a bead of one. */
export const dropOnConvoy: vscode.TreeDragAndDropController<RowNode> = {
  dragMimeTypes: [],
  dropMimeTypes: [MIME],
  async handleDrop(target, data): Promise<void> {
    const node = target?.row.target.kind === 'bead' ? target.parent : target;
    const dragged = data.get(MIME);
    if (node?.row.target.kind !== 'convoy' || !dragged) return;
    const beads: unknown = JSON.parse(await dragged.asString());
    await vscode.commands.executeCommand('gastown.addToConvoy', { convoy: node.row.target.id, beads });
  },
};
