import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { MqChange, MqFile, MqGet } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { fileError, rootFolder, VirtualFiles } from '../../ui/virtualFiles';
import type { Caller } from '../../../../server/src/protocol/request';
import { aboutMarkdown } from './aboutChange';
import { readChangeUri, type ChangeRef } from './changeUri';

/** The files of both sides of a change, read-only. They are identified by commit, so they never change. */
export class ChangeFiles extends VirtualFiles {
  constructor(private readonly connection: Caller) {
    super();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    // The real size would require reading the file, and VS Code does not check it.
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
      const { text } = await this.connection.call(MqFile.spec, {
        id: ref.request,
        path,
        side,
        at: { rig: ref.rig, commit },
      });
      return Buffer.from(text ?? l10n.t('(This file is binary, or larger than 1 MB.)'));
    } catch (error) {
      throw fileError(uri, error);
    }
  }

  /** The merge request may be closed by now; the files can still be read. */
  private async about(ref: ChangeRef): Promise<string> {
    try {
      const info = await this.connection.call(MqGet.spec, { id: ref.request });
      return aboutMarkdown(info, await this.connection.call(MqChange.spec, { id: ref.request }));
    } catch (error) {
      return `${messageOf(error)}\n`;
    }
  }
}
