import * as vscode from 'vscode';
import { UserError, messageOf } from '../../../server/src/base/errors';
import { Disposable } from '../../../server/src/base/lifecycle';

/** Files with generated content: there are no folders, and no file can be created, renamed or deleted. */
export abstract class VirtualFiles extends Disposable implements vscode.FileSystemProvider {
  protected readonly changeEmitter = this._register(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  readonly onDidChangeFile = this.changeEmitter.event;

  abstract stat(uri: vscode.Uri): Promise<vscode.FileStat>;
  abstract readFile(uri: vscode.Uri): Promise<Uint8Array>;

  async writeFile(uri: vscode.Uri, _content: Uint8Array): Promise<void> {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }
  readDirectory(): [string, vscode.FileType][] {
    return [];
  }
  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}

export const rootFolder: vscode.FileStat = { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };

export function fileError(uri: vscode.Uri, error: unknown): vscode.FileSystemError {
  if (error instanceof UserError && error.code === 'not-found') return vscode.FileSystemError.FileNotFound(uri);
  return vscode.FileSystemError.Unavailable(messageOf(error));
}
