import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { isOwnShim, shimFiles, writeShims } from '../../../../server/src/base/shims';
import { UserError, messageOf } from '../../../../server/src/base/errors';
import { l10n, remember, type Log } from '../../base/editor';

const FOLDERS_KEY = 'gastown.commandFolders';
const TERMINALS_KEY = 'gastown.commandsInTerminals';

/**
 * Writes `gt` and `bd` where the user's shells find them. They start the programs of this version of the extension, so
 * they must be rewritten after an update.
 */
export class CommandLine {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: Log,
  ) {}

  /**
   * Updates the files of an earlier version. A file that was replaced by something else is left alone, and no longer
   * updated.
   */
  refresh(): void {
    // A folder that is currently missing, such as a network drive, is retried the next time.
    const folders = this.folders().filter((folder) => !shimFiles(folder).some(isForeign));
    const write = (where: string, task: () => void): void => {
      try {
        task();
      } catch (error) {
        this.log.warn(`cannot update gt and bd in ${where}: ${messageOf(error)}`);
      }
    };
    for (const folder of folders)
      if (shimFiles(folder).some(isOwnShim))
        write(folder, () => writeShims({ directory: folder, programs: this.programs }));
    if (folders.length !== this.folders().length) remember(this.context.globalState, FOLDERS_KEY, folders);
    if (this.context.globalState.get(TERMINALS_KEY) === true)
      write('the terminals of this editor', () => this.prependPath());
  }

  /** Adds the programs to a folder. @throws UserError if the folder has other programs with these names */
  async addToFolder(folder: string): Promise<void> {
    const foreign = shimFiles(folder).find(isForeign);
    if (foreign !== undefined)
      throw new UserError(
        l10n.t('{0} is a different program', foreign),
        l10n.t('choose another folder, or remove that program'),
        'conflict',
      );
    try {
      writeShims({ directory: folder, programs: this.programs });
    } catch (error) {
      throw new UserError(
        l10n.t('cannot write to {0}: {1}', folder, messageOf(error)),
        l10n.t('choose another folder'),
      );
    }
    await this.context.globalState.update(FOLDERS_KEY, [...new Set([...this.folders(), folder])]);
  }

  /** Adds the programs to the PATH of terminals that this editor opens from now on. */
  async addToEditorTerminals(): Promise<void> {
    this.prependPath();
    await this.context.globalState.update(TERMINALS_KEY, true);
  }

  private prependPath(): void {
    const directory = path.join(this.context.globalStorageUri.fsPath, 'bin');
    writeShims({ directory, programs: this.programs });
    const { environmentVariableCollection: variables } = this.context;
    variables.description = l10n.t('Adds `gt` and `bd` to PATH');
    variables.prepend('PATH', `${directory}${path.delimiter}`);
  }

  private get programs(): string {
    return this.context.asAbsolutePath('dist');
  }

  private folders(): string[] {
    return z.array(z.string()).max(50).safeParse(this.context.globalState.get(FOLDERS_KEY)).data ?? [];
  }
}

/** Whether a file is not ours; also true for a dangling link. */
function isForeign(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined && !isOwnShim(file);
}
