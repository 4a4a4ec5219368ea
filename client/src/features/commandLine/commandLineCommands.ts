import fs from 'node:fs';
import os from 'node:os';
import * as vscode from 'vscode';
import { l10n } from '../../base/l10n';
import { shortPath } from '../../base/settings';
import { binFolders, earlierOnPath, profileLine, type BinFolder } from './shellPath';
import { askChoice, type Choice } from '../../ui/prompts';
import type { Command, Services } from '../../ui/command';

/** What brings `gt` and `bd` to the person's own shells. */
export const commandLineCommands = {
  'gastown.putOnPath': {
    needs: 'trust',
    async run(services, { params }) {
      const home = process.env.HOME ?? os.homedir();
      const given = params['folder'];
      const folders = binFolders(process.env.PATH ?? '', home, isWritable);
      const where =
        typeof given === 'string'
          ? (folders.find(({ folder }) => folder === given) ?? { folder: given, onPath: false })
          : await askWhere(folders);
      if (where === 'terminals') return putInTerminals(services);
      await services.commandLine.putInFolder(where.folder);
      void tell(where, home);
      return where.folder;
    },
  },
} satisfies Record<string, Command>;

function askWhere(folders: readonly BinFolder[]): Promise<BinFolder | 'terminals'> {
  const choices: Choice<BinFolder | 'terminals'>[] = folders.map((where) => ({
    label: shortPath(where.folder),
    value: where,
    description: where.onPath ? l10n.t('on your PATH') : l10n.t('not on your PATH yet'),
    detail: l10n.t('Every shell and every program finds them'),
  }));
  return askChoice(
    [
      ...choices,
      {
        label: l10n.t('Terminals of this editor only'),
        value: 'terminals',
        detail: l10n.t(
          'Nothing is written outside of the editor; terminals that are open already have to be opened anew',
        ),
      },
    ],
    { title: l10n.t('Put gt and bd on My PATH'), placeHolder: l10n.t('Where should they go?') },
  );
}

async function putInTerminals({ commandLine }: Services): Promise<void> {
  await commandLine.putInEditorTerminals();
  void vscode.window.showInformationMessage(l10n.t('New terminals of this editor find gt and bd.'));
}

async function tell({ folder, onPath }: BinFolder, home: string): Promise<void> {
  const other = earlierOnPath(process.env.PATH ?? '', folder, 'gt', isProgram);
  if (onPath && other !== undefined) {
    void vscode.window.showWarningMessage(
      l10n.t(
        'gt and bd are in {0}, but {1} stands before it on your PATH and is run instead.',
        shortPath(folder),
        shortPath(other),
      ),
    );
    return;
  }
  if (onPath) {
    void vscode.window.showInformationMessage(
      l10n.t('gt and bd are in {0}. Try "gt status" in a new terminal.', shortPath(folder)),
    );
    return;
  }
  const copy = l10n.t('Copy Line');
  const line = profileLine(folder, home);
  const choice = await vscode.window.showInformationMessage(
    l10n.t(
      'gt and bd are in {0}, which is not on your PATH yet. This line puts it there, in the profile of your shell (on Windows: once, in PowerShell): {1}',
      shortPath(folder),
      line,
    ),
    copy,
  );
  if (choice === copy) await vscode.env.clipboard.writeText(line);
}

function isProgram(file: string): boolean {
  return allows(file, fs.constants.X_OK) && fs.statSync(file).isFile();
}

function isWritable(folder: string): boolean {
  return allows(folder, fs.constants.W_OK) && fs.statSync(folder).isDirectory();
}

function allows(file: string, mode: number): boolean {
  try {
    fs.accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}
