import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';

/** The settings of this extension, typed. */
export const settings = {
  /** The town of this window, where neither its folder nor a rig names one. */
  get town(): string | undefined {
    const value = vscode.workspace.getConfiguration('gastown').get<string>('town', '').trim();
    return value === '' ? undefined : expandHome(value);
  },
  /** Where the person's first town is made. */
  get defaultTown(): string {
    const value = vscode.workspace.getConfiguration('gastown').get<string>('defaultTown', '').trim();
    return expandHome(value === '' ? '~/gt' : value);
  },
};

function expandHome(folder: string): string {
  const home = process.env.HOME ?? os.homedir();
  if (folder === '~') return home;
  return /^~[\\/]/.test(folder) ? path.join(home, folder.slice(2)) : folder;
}

/** A folder as people write it. */
export function shortPath(folder: string): string {
  const home = process.env.HOME ?? os.homedir();
  return folder === home || folder.startsWith(home + path.sep) ? `~${folder.slice(home.length)}` : folder;
}
