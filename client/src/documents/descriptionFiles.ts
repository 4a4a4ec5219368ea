import * as vscode from 'vscode';
import { UserError, messageOf } from '../../../server/src/base/errors';
import { Disposable } from '../../../server/src/base/lifecycle';
import { BeadShow, BeadUpdate, type Bead } from '../../../server/src/protocol/bead';
import type { TownLink } from '../model/townSync';
import { plainBead } from './beadMarkdown';

export const DESCRIPTION_SCHEME = 'gastown-description';

export function descriptionUri(bead: string): vscode.Uri {
  return vscode.Uri.from({ scheme: DESCRIPTION_SCHEME, path: `/${bead}.md` });
}

/** The descriptions of beads as files: saving one writes it to the ledger. */
export class DescriptionFiles extends Disposable implements vscode.FileSystemProvider {
  private readonly changeEmitter = this._register(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  readonly onDidChangeFile = this.changeEmitter.event;

  constructor(private readonly link: TownLink) {
    super();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (uri.path === '/') return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const bead = await this.load(uri);
    return {
      type: vscode.FileType.File, ctime: Date.parse(bead.created_at) || 0, mtime: Date.parse(bead.updated_at) || 0,
      size: Buffer.byteLength(bead.description ?? ''),
    };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return Buffer.from((await this.load(uri)).description ?? '');
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    try {
      await this.link.call(BeadUpdate.spec, { ids: [beadOf(uri)], description: Buffer.from(content).toString('utf8') });
    } catch (error) {
      throw fileError(uri, error);
    }
    this.changeEmitter.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  private async load(uri: vscode.Uri): Promise<Bead> {
    try {
      const [bead] = await this.link.call(BeadShow.spec, { ids: [beadOf(uri)] });
      if (bead) return plainBead(bead);
    } catch (error) {
      throw fileError(uri, error);
    }
    throw vscode.FileSystemError.FileNotFound(uri);
  }

  // There is nothing else in this file system: no folders, and beads are made elsewhere.
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

function beadOf(uri: vscode.Uri): string {
  return uri.path.replace(/^\//, '').replace(/\.md$/, '');
}

function fileError(uri: vscode.Uri, error: unknown): vscode.FileSystemError {
  if (error instanceof UserError && error.code === 'not-found') return vscode.FileSystemError.FileNotFound(uri);
  return vscode.FileSystemError.Unavailable(messageOf(error));
}
