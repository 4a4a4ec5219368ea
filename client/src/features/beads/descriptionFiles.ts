import * as vscode from 'vscode';
import { BeadShow, BeadUpdate, type BeadDetails } from '../../../../server/src/protocol/bead';
import type { Caller } from '../../../../server/src/protocol/request';
import { fileError, rootFolder, VirtualFiles } from '../../ui/virtualFiles';

export const DESCRIPTION_SCHEME = 'gastown-description';

export function descriptionUri(bead: string): vscode.Uri {
  return vscode.Uri.from({ scheme: DESCRIPTION_SCHEME, path: `/${bead}.md` });
}

/** The descriptions of beads as files. Saving one updates the bead. */
export class DescriptionFiles extends VirtualFiles {
  constructor(private readonly connection: Caller) {
    super();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (uri.path === '/') return rootFolder;
    const bead = await this.load(uri);
    return {
      type: vscode.FileType.File,
      ctime: Date.parse(bead.created_at) || 0,
      mtime: Date.parse(bead.updated_at) || 0,
      size: Buffer.byteLength(bead.description ?? ''),
    };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return Buffer.from((await this.load(uri)).description ?? '');
  }

  override async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    try {
      await this.connection.call(BeadUpdate.spec, {
        ids: [beadOf(uri)],
        description: Buffer.from(content).toString('utf8'),
      });
    } catch (error) {
      throw fileError(uri, error);
    }
    this.changeEmitter.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  private async load(uri: vscode.Uri): Promise<BeadDetails> {
    try {
      const [bead] = await this.connection.call(BeadShow.spec, { ids: [beadOf(uri)] });
      if (bead) return bead;
    } catch (error) {
      throw fileError(uri, error);
    }
    throw vscode.FileSystemError.FileNotFound(uri);
  }
}

function beadOf(uri: vscode.Uri): string {
  return uri.path.replace(/^\//, '').replace(/\.md$/, '');
}
