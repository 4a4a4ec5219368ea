import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { MqChange, MqFile, MqGet } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { fileError, rootFolder, VirtualFiles } from '../../ui/virtualFiles';
import type { ServerConnection } from '../../state/townSync';
import { aboutMarkdown } from './aboutChange';
import { readChangeUri, type ChangeRef } from './changeUri';

/** Both sides of changes as they were laid out, read-only; what is pinned by a commit never changes. */
export class ChangeFiles extends VirtualFiles {
  constructor(private readonly link: Pick<ServerConnection, 'call'>) {
    super();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    // A size would cost reading the file; VS Code does not hold the file to it.
    return uri.path === '/'
      ? rootFolder
      : { type: vscode.FileType.File, ctime: 0, mtime: 0, size: 0, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const document = readChangeUri(uri);
    if (!document) throw vscode.FileSystemError.FileNotFound(uri);
    const { ref, side, path } = document;
    if (side === 'about' || side === 'whole') return Buffer.from(await this.about(ref));
    try {
      const commit = side === 'base' ? ref.base : ref.commit;
      const { text } = await this.link.call(MqFile.spec, { id: ref.request, path, side, at: { rig: ref.rig, commit } });
      return Buffer.from(text ?? l10n.t('(This file is no text, or has more than 1 MB.)'));
    } catch (error) {
      throw fileError(uri, error);
    }
  }

  /** It may be over by now; the files can be read all the same. */
  private async about(ref: ChangeRef): Promise<string> {
    try {
      const info = await this.link.call(MqGet.spec, { id: ref.request });
      return aboutMarkdown(info, await this.link.call(MqChange.spec, { id: ref.request }));
    } catch (error) {
      return `${messageOf(error)}\n`;
    }
  }
}
