import * as vscode from 'vscode';
import { rootFolder, VirtualFiles } from '../../ui/virtualFiles';
import { readChangeUri, type ChangeRef } from './changeUri';
import type { Drafts } from './drafts';

/** Drafts of requests for changes as files. Saving stores the draft; a command sends it. */
export class DraftFiles extends VirtualFiles {
  constructor(private readonly drafts: Drafts) {
    super();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (uri.path === '/') return rootFolder;
    const { text, at } = this.drafts.of(refOf(uri));
    return { type: vscode.FileType.File, ctime: 0, mtime: at, size: Buffer.byteLength(text) };
  }

  /** To be called after the draft was changed outside of the editor, such as in an input box. */
  changed(uri: vscode.Uri): void {
    this.changeEmitter.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return Buffer.from(this.drafts.of(refOf(uri)).text);
  }

  override async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    this.drafts.setText(refOf(uri), Buffer.from(content).toString('utf8'));
    this.changed(uri);
  }
}

function refOf(uri: vscode.Uri): ChangeRef {
  const document = readChangeUri(uri);
  if (!document) throw vscode.FileSystemError.FileNotFound(uri);
  return document.ref;
}
