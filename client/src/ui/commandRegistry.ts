import * as vscode from 'vscode';
import { UserError } from '../../../server/src/base/errors';
import { Disposable } from '../../../server/src/base/lifecycle';
import { l10n } from '../base/editor';
import { readArgument, type ArgumentReader, type Commands } from './command';
import { commandIds, type CommandId } from './commandIds';
import { showError } from './errors';

export interface CommandRegistryOptions {
  readers: readonly ArgumentReader[];
  /** Resolves when the town of this window can be used. */
  ready: () => Promise<void>;
  log: vscode.LogOutputChannel;
}

/** Registers every command of the extension. Failures of all commands are reported here. */
export class CommandRegistry extends Disposable {
  constructor(
    private readonly commands: Commands,
    private readonly options: CommandRegistryOptions,
  ) {
    super();
    for (const id of commandIds) {
      this._register(
        vscode.commands.registerCommand(id, (raw?: unknown, selected?: unknown) => this.run(id, raw, selected)),
      );
    }
  }

  private async run(id: CommandId, raw: unknown, selected: unknown): Promise<unknown> {
    try {
      await this.checkRequirement(id);
      return await this.commands[id].run(readArgument(raw, selected, this.options.readers));
    } catch (error) {
      void showError(error, this.options.log);
      return undefined;
    }
  }

  private async checkRequirement(id: CommandId): Promise<void> {
    const { requires } = this.commands[id];
    if (requires === 'nothing') return;
    if (requires !== 'readableTown' && !vscode.workspace.isTrusted)
      throw new UserError(l10n.t('this window is in Restricted Mode'), l10n.t('trust the folder first'), 'refused');
    if (requires !== 'trust') await this.options.ready();
  }
}
