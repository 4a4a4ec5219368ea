import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { isOwnShim, shimFiles, writeShims } from '../../../../server/src/base/shims';
import { UserError, messageOf } from '../../../../server/src/base/errors';
import { l10n } from '../../base/l10n';

const FOLDERS_KEY = 'gastown.commandFolders';
const TERMINALS_KEY = 'gastown.commandsInTerminals';

/**
 * `gt` and `bd` where the person's shells find them. The programs lie in the folder of this version of the extension,
 * so that what was written once is written anew after an update.
 */
export class CommandLine {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Brings what earlier versions wrote up to date. What is not ours any more is left alone and forgotten. */
  refresh(): void {
    // A folder that cannot be reached now may be there again the next time.
    const folders = this.folders().filter((folder) => !shimFiles(folder).some(isForeign));
    const write = (where: string, task: () => void): void => {
      try {
        task();
      } catch (error) {
        this.log.warn(`gt and bd in ${where} are those of an earlier version: ${messageOf(error)}`);
      }
    };
    for (const folder of folders)
      if (shimFiles(folder).some(isOwnShim))
        write(folder, () => writeShims({ directory: folder, programs: this.programs }));
    if (folders.length !== this.folders().length) void this.context.globalState.update(FOLDERS_KEY, folders);
    if (this.context.globalState.get(TERMINALS_KEY) === true)
      write('the terminals of this editor', () => this.putInTerminals());
  }

  /** @throws UserError where other programs of these names are in the way */
  async putInFolder(folder: string): Promise<void> {
    const foreign = shimFiles(folder).find(isForeign);
    if (foreign !== undefined)
      throw new UserError(
        l10n.t('{0} is another program', foreign),
        l10n.t('choose another folder, or take that one away'),
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

  /** For the terminals that this editor opens from now on, and for no other program. */
  async putInEditorTerminals(): Promise<void> {
    this.putInTerminals();
    await this.context.globalState.update(TERMINALS_KEY, true);
  }

  private putInTerminals(): void {
    const directory = path.join(this.context.globalStorageUri.fsPath, 'bin');
    writeShims({ directory, programs: this.programs });
    const { environmentVariableCollection: variables } = this.context;
    variables.description = l10n.t('Puts `gt` and `bd` on the PATH');
    variables.prepend('PATH', `${directory}${path.delimiter}`);
  }

  private get programs(): string {
    return this.context.asAbsolutePath('dist');
  }

  private folders(): string[] {
    return z.array(z.string()).max(50).safeParse(this.context.globalState.get(FOLDERS_KEY)).data ?? [];
  }
}

/** A link that leads nowhere just now is somebody's, too. */
function isForeign(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined && !isOwnShim(file);
}
