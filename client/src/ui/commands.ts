import * as vscode from 'vscode';
import { UserError } from '../../../server/src/base/errors';
import { Disposable } from '../../../server/src/base/lifecycle';
import { l10n } from '../base/l10n';
import { showError } from './errors';
import { agentCommands } from '../features/agents/agentCommands';
import { attentionCommands } from '../features/attention/attentionCommands';
import { beadCommands } from '../features/beads/beadCommands';
import { beadListCommands } from '../features/beads/beadListCommands';
import { readArgument, type Command, type Services } from './command';
import { crewCommands } from '../features/crew/crewCommands';
import { mayorCommands } from '../features/mayor/mayorCommands';
import { convoyCommands } from '../features/convoys/convoyCommands';
import { commandIds, type CommandId } from './commandIds';
import { reviewCommands } from '../features/review/reviewCommands';
import { rigCommands } from '../features/rigs/rigCommands';
import { serverCommands } from '../features/town/serverCommands';
import { commandLineCommands } from '../features/commandLine/commandLineCommands';
import { sessionCommands } from '../features/agents/sessionCommands';
import { townCommands } from '../features/town/townCommands';
import { whenReady } from '../state/whenReady';

/** Every command, by the id that package.json contributes. */
export const commandTable: Record<CommandId, Command> = {
  ...townCommands,
  ...rigCommands,
  ...beadCommands,
  ...beadListCommands,
  ...convoyCommands,
  ...agentCommands,
  ...sessionCommands,
  ...attentionCommands,
  ...reviewCommands,
  ...mayorCommands,
  ...crewCommands,
  ...serverCommands,
  ...commandLineCommands,
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
