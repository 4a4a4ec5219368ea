import * as vscode from 'vscode';
import type { RowNode } from '../../ui/tree/rowDiff';

/** The type of beads that are dragged out of the Beads view; VS Code fills in the value. */
const MIME = 'application/vnd.code.tree.gastown.beads';

/** Beads that are dragged from the Beads view onto a convoy, or onto a bead of one, are added to it. */
export class BeadDrag {
  /** VS Code passes no data between trees; only one drag happens at a time, so the last one is the right one. */
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
      const beads = this.dragged;
      this.dragged = [];
      await vscode.commands.executeCommand('gastown.addToConvoy', { convoy: convoy.row.target.id, beads });
    },
  };
}
