import * as vscode from 'vscode';
import type { TownStore } from '../../state/townStore';
import { findBeadIds } from './beadText';

interface BeadLink extends vscode.TerminalLink {
  bead: string;
}

/** Makes the ids of beads in terminals clickable, by the prefixes of this town's ledgers. */
export class BeadLinks implements vscode.TerminalLinkProvider<BeadLink> {
  constructor(private readonly store: TownStore) {}

  provideTerminalLinks({ line }: vscode.TerminalLinkContext): BeadLink[] {
    return findBeadIds(line, ['hq', ...this.store.rigs.all().map((rig) => rig.prefix)]).map(({ id, start }) => ({
      bead: id,
      startIndex: start,
      length: id.length,
      tooltip: 'Gas Town',
    }));
  }

  handleTerminalLink({ bead }: BeadLink): void {
    void vscode.commands.executeCommand('gastown.showBead', { bead });
  }
}
