import * as vscode from 'vscode';
import type { Caller } from '../../../../server/src/protocol/request';
import { TownDown, TownStop, TownUp } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { TownStore } from '../../state/townStore';
import type { Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';

/** Reminds the user that new work waits while the engine is paused, and offers to start it. */
export class EngineReminder {
  /** @param isShown whether a visible view already shows this */
  constructor(
    private readonly store: TownStore,
    private readonly isShown: () => boolean,
  ) {}

  /** @param done what has just been requested, as a sentence */
  remind(done: string): void {
    if (this.store.town?.up === false && !this.isShown()) void offerStart(done);
  }
}

async function offerStart(done: string): Promise<void> {
  const start = l10n.t('Start Engine');
  const text = l10n.t('{0} The engine is paused, so no agent starts.', done);
  if ((await vscode.window.showInformationMessage(text, start)) === start)
    await vscode.commands.executeCommand('gastown.startEngine');
}

export function engineCommands({
  connection,
  dialogs,
}: {
  connection: Caller;
  dialogs: Dialogs;
}): Commands<'gastown.startEngine' | 'gastown.pauseEngine' | 'gastown.stopAll'> {
  return {
    'gastown.startEngine': {
      requires: 'town',
      run: () => connection.call(TownUp.spec, {}),
    },
    'gastown.pauseEngine': {
      requires: 'town',
      run: () => connection.call(TownDown.spec, {}),
    },
    'gastown.stopAll': {
      requires: 'town',
      async run() {
        const confirmed = await dialogs.confirm(
          l10n.t('Stop all agents and pause the engine?'),
          l10n.t('They keep their beads and continue when you resume them.'),
          l10n.t('Stop All Agents'),
        );
        return confirmed ? connection.call(TownStop.spec, { all: true }) : undefined;
      },
    },
  };
}
