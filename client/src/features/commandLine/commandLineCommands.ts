import fs from 'node:fs';
import os from 'node:os';
import * as vscode from 'vscode';
import { l10n } from '../../base/editor';
import { shortPath } from '../../base/settings';
import { textParam, type Commands } from '../../ui/command';
import { askChoice, type Choice } from '../../ui/prompts';
import type { CommandLine } from './commandLine';
import { binFolders, earlierOnPath, profileLine, type BinFolder } from './shellPath';

/** Adds `gt` and `bd` to the PATH of the user's shells. */
export function commandLineCommands(commandLine: CommandLine): Commands<'gastown.addToPath'> {
  return {
    'gastown.addToPath': {
      requires: 'trust',
      async run(argument) {
        const home = process.env.HOME ?? os.homedir();
        const given = textParam(argument, 'folder');
        const folders = binFolders(process.env.PATH ?? '', home, isWritable);
        const where =
          given === undefined
            ? await askWhere(folders)
            : (folders.find(({ folder }) => folder === given) ?? { folder: given, onPath: false });
        if (where === 'terminals') return addToTerminals(commandLine);
        await commandLine.addToFolder(where.folder);
        void showResult(where, home);
        return where.folder;
      },
    },
  };
}

function askWhere(folders: readonly BinFolder[]): Promise<BinFolder | 'terminals'> {
  const choices: Choice<BinFolder | 'terminals'>[] = folders.map((where) => ({
    label: shortPath(where.folder),
    value: where,
    description: where.onPath ? l10n.t('on your PATH') : l10n.t('not on your PATH yet'),
    detail: l10n.t('For every shell and every program'),
  }));
  return askChoice(
    [
      ...choices,
      {
        label: l10n.t('Terminals of this editor only'),
        value: 'terminals',
        detail: l10n.t('Writes nothing outside of the editor. Terminals that are open already have to be reopened.'),
      },
    ],
    { title: l10n.t('Add gt and bd to PATH'), placeHolder: l10n.t('Select a folder') },
  );
}

async function addToTerminals(commandLine: CommandLine): Promise<void> {
  await commandLine.addToEditorTerminals();
  void vscode.window.showInformationMessage(l10n.t('New terminals of this editor have gt and bd.'));
}

async function showResult({ folder, onPath }: BinFolder, home: string): Promise<void> {
  const where = shortPath(folder);
  if (onPath) {
    const other = earlierOnPath(process.env.PATH ?? '', folder, 'gt', isProgram);
    if (other === undefined)
      void vscode.window.showInformationMessage(
        l10n.t('gt and bd are in {0}. Try "gt status" in a new terminal.', where),
      );
    else
      void vscode.window.showWarningMessage(
        l10n.t('gt and bd are in {0}, but {1} comes first on your PATH and runs instead.', where, shortPath(other)),
      );
    return;
  }
  const copy = l10n.t('Copy Line');
  const line = profileLine(folder, home);
  const choice = await vscode.window.showInformationMessage(
    l10n.t(
      'gt and bd are in {0}, which is not on your PATH yet. Add this line to the profile of your shell (on Windows: run it once in PowerShell): {1}',
      where,
      line,
    ),
    copy,
  );
  if (choice === copy) await vscode.env.clipboard.writeText(line);
}

function isProgram(file: string): boolean {
  return hasAccess(file, fs.constants.X_OK) && fs.statSync(file).isFile();
}

function isWritable(folder: string): boolean {
  return hasAccess(folder, fs.constants.W_OK) && fs.statSync(folder).isDirectory();
}

function hasAccess(file: string, mode: number): boolean {
  try {
    fs.accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}
