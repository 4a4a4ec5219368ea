import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { ServerRetire } from '../../../../server/src/protocol/town';
import { BUILD } from '../../../../server/src/protocol/transport';
import type { Command } from '../../ui/command';
import { whenReady } from '../../state/whenReady';

export const serverCommands = {
  'gastown.restartServer': {
    needs: 'trust',
    async run(services) {
      const { connection, log, town } = services;
      // Agents live in the session host, so that this touches none of them.
      if (connection.isReady) {
        await connection
          .call(ServerRetire.spec, { build: BUILD }, { repeat: false })
          .catch((error: unknown) => log.info(`retiring the server: ${messageOf(error)}`));
      }
      await town.refresh();
      connection.retryNow();
      await whenReady(services);
    },
  },
  'gastown.openLog': {
    needs: 'nothing',
    run: async ({ log }) => log.show(true),
  },
  'gastown.showLanguageLog': {
    needs: 'nothing',
    run: async ({ languageLog }) => languageLog.show(true),
  },
  'gastown.openWalkthrough': {
    needs: 'nothing',
    async run() {
      // Where another walkthrough is open, as in a new VS Code, older ones stay with that.
      await vscode.commands.executeCommand('welcome.goBack').then(undefined, () => undefined);
      return vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        'gastown.gastown-vscode#gastown.start',
        false,
      );
    },
  },
} satisfies Record<string, Command>;
