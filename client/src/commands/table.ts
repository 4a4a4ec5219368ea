import * as vscode from 'vscode';
import { UserError } from '../../../server/src/base/errors';
import { Disposable } from '../../../server/src/base/lifecycle';
import { l10n } from '../base/l10n';
import { showError } from '../ui/errors';
import { agentCommands } from './agentCommands';
import { attentionCommands } from './attentionCommands';
import { beadCommands } from './beadCommands';
import { boardCommands } from './boardCommands';
import { readArgument, type Command, type Services } from './command';
import { crewCommands } from './crewCommands';
import { mayorCommands } from './mayorCommands';
import { convoyCommands } from './convoyCommands';
import { commandIds, type CommandId } from './ids';
import { reviewCommands } from './reviewCommands';
import { rigCommands } from './rigCommands';
import { serverCommands } from './serverCommands';
import { shellCommands } from './shellCommands';
import { superviseCommands } from './superviseCommands';
import { townCommands } from './townCommands';
import { whenReady } from './whenReady';

/** Every command, by the id that package.json contributes. */
export const commandTable: Record<CommandId, Command> = {
  ...townCommands,
  ...rigCommands,
  ...beadCommands,
  ...boardCommands,
  ...convoyCommands,
  ...agentCommands,
  ...superviseCommands,
  ...attentionCommands,
  ...reviewCommands,
  ...mayorCommands,
  ...crewCommands,
  ...serverCommands,
  ...shellCommands,
};

/** Registers the table. A command that fails says why to the person, in one place. */
export class Commands extends Disposable {
  constructor(private readonly services: Services) {
    super();
    for (const id of commandIds) {
      this._register(
        vscode.commands.registerCommand(id, (raw?: unknown, selected?: unknown) => this.run(id, raw, selected)),
      );
    }
  }

  private async run(id: CommandId, raw: unknown, selected: unknown): Promise<unknown> {
    const command = commandTable[id];
    try {
      await this.provide(command);
      return await command.run(this.services, readArgument(raw, selected));
    } catch (error) {
      void showError(error, this.services.log);
      return undefined;
    }
  }

  private async provide(command: Command): Promise<void> {
    if (command.needs === 'nothing') return;
    if (command.needs !== 'look' && !vscode.workspace.isTrusted) {
      throw new UserError(l10n.t('this window is in restricted mode'), l10n.t('trust its folder first'), 'refused');
    }
    if (command.needs !== 'trust') await whenReady(this.services);
  }
}
