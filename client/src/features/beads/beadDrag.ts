import * as vscode from 'vscode';
import type { RowNode } from '../../ui/tree/rowDiff';

/** The type that VS Code gives to what is dragged out of the Beads view; its value is VS Code's own. */
const MIME = 'application/vnd.code.tree.gastown.beads';

/** Beads dragged out of the Beads view and dropped on a convoy, or on a bead of one, are added to it. */
export class BeadDrag {
  /** Both trees are ours, and there is one pointer: what was picked up last is what is dropped. */
  private dragged: string[] = [];

  readonly source: vscode.TreeDragAndDropController<RowNode> = {
    dragMimeTypes: [MIME],
    dropMimeTypes: [],
    handleDrag: (nodes) => {
      this.dragged = nodes.filter(({ row }) => row.target.kind === 'bead').map(({ row }) => row.target.id);
    },
  };

  readonly target: vscode.TreeDragAndDropController<RowNode> = {
    dragMimeTypes: [],
    dropMimeTypes: [MIME],
    handleDrop: async (target, data) => {
      const convoy = target?.row.target.kind === 'bead' ? target.parent : target;
      if (convoy?.row.target.kind !== 'convoy' || !data.get(MIME) || this.dragged.length === 0) return;
      await vscode.commands.executeCommand('gastown.addToConvoy', {
        convoy: convoy.row.target.id,
        beads: this.dragged,
      });
    },
  };
}
