import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { ServerRetire } from '../../../../server/src/protocol/town';
import { BUILD } from '../../../../server/src/protocol/transport';
import type { TownConnection } from '../../connection/townConnection';
import type { TownResolver } from '../../connection/townResolver';
import type { Commands } from '../../ui/command';

interface Services {
  connection: TownConnection;
  resolver: TownResolver;
  log: vscode.LogOutputChannel;
  /** The messages between the language client and the server. */
  languageLog: vscode.LogOutputChannel;
  ready: () => Promise<void>;
}

/** The server, its logs and the walkthrough. */
export function serverCommands({
  connection,
  resolver,
  log,
  languageLog,
  ready,
}: Services): Commands<
  'gastown.restartServer' | 'gastown.openLog' | 'gastown.showLanguageLog' | 'gastown.openWalkthrough'
> {
  return {
    'gastown.restartServer': {
      requires: 'trust',
      async run() {
        // Agents run in the session host and are not affected.
        if (connection.isReady) {
          await connection
            .call(ServerRetire.spec, { build: BUILD }, { repeat: false })
            .catch((error: unknown) => log.info(`stopping the server: ${messageOf(error)}`));
        }
        await resolver.refresh();
        connection.retryNow();
        await ready();
      },
    },
    'gastown.openLog': {
      requires: 'nothing',
      run: async () => log.show(true),
    },
    'gastown.showLanguageLog': {
      requires: 'nothing',
      run: async () => languageLog.show(true),
    },
    'gastown.openWalkthrough': {
      requires: 'nothing',
      async run() {
        // Older versions of VS Code keep showing another walkthrough that is open.
        await vscode.commands.executeCommand('welcome.goBack').then(undefined, () => undefined);
        const id = 'gastown.gastown-vscode#gastown.start';
        return vscode.commands.executeCommand('workbench.action.openWalkthrough', id, false);
      },
    },
  };
}
