import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';

/** The settings of this extension. */
export const settings = {
  /** The town of this window, if neither its folder nor a rig determines it. */
  get town(): string | undefined {
    const value = vscode.workspace.getConfiguration('gastown').get<string>('town', '').trim();
    return value === '' ? undefined : expandHome(value);
  },
  /** The folder for the user's first town. */
  get defaultTown(): string {
    const value = vscode.workspace.getConfiguration('gastown').get<string>('defaultTown', '').trim();
    return expandHome(value === '' ? '~/gt' : value);
  },
  /** The notifications to show. */
  get notifications(): 'all' | 'needsYou' | 'off' {
    const value = vscode.workspace.getConfiguration('gastown').get<string>('notifications', 'needsYou');
    return value === 'all' || value === 'off' ? value : 'needsYou';
  },
  /** The location of agents' terminals. */
  get terminalLocation(): vscode.TerminalLocation {
    const value = vscode.workspace.getConfiguration('gastown').get<string>('terminalLocation', 'panel');
    return value === 'editor' ? vscode.TerminalLocation.Editor : vscode.TerminalLocation.Panel;
  },
  /** Whether open terminals of agents are reopened after a reload. */
  get restoreTerminals(): boolean {
    return vscode.workspace.getConfiguration('gastown').get<boolean>('restoreTerminals', true);
  },
};

function expandHome(folder: string): string {
  const home = process.env.HOME ?? os.homedir();
  if (folder === '~') return home;
  return /^~[\\/]/.test(folder) ? path.join(home, folder.slice(2)) : folder;
}

/** A folder with `~` for the home folder. */
export function shortPath(folder: string): string {
  const home = process.env.HOME ?? os.homedir();
  return folder === home || folder.startsWith(home + path.sep) ? `~${folder.slice(home.length)}` : folder;
}
