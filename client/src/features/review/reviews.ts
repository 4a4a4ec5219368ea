import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import { MqChange, MqGet, type ChangeInfo } from '../../../../server/src/protocol/town';
import type { ServerConnection } from '../../state/townSync';
import { reviewTitle, shownFiles } from './aboutChange';
import { ChangeFiles } from './changeFiles';
import {
  aboutName,
  CHANGE_SCHEME,
  changeUri,
  DRAFT_SCHEME,
  draftUri,
  readChangeUri,
  type ChangeRef,
  type UriParts,
} from './changeUri';
import { DraftFiles } from './draftFiles';
import { Drafts } from './drafts';
import { LineComments } from './lineComments';

/** Changes of agents in this window: their editors, and what the person writes about them. */
export class Reviews extends Disposable {
  readonly drafts: Drafts;
  readonly comments: LineComments;
  private readonly draftFiles: DraftFiles;
  /** By bead: what was opened last in this window, which a verdict from elsewhere is about. */
  private readonly opened = new Map<string, { ref: ChangeRef; label: string }>();

  constructor(
    private readonly link: Pick<ServerConnection, 'call'>,
    memory: vscode.Memento,
  ) {
    super();
    this.drafts = this._register(new Drafts(memory));
    const files = this._register(new ChangeFiles(link));
    this._register(
      vscode.workspace.registerFileSystemProvider(CHANGE_SCHEME, files, { isCaseSensitive: true, isReadonly: true }),
    );
    this.draftFiles = this._register(new DraftFiles(this.drafts));
    this._register(
      vscode.workspace.registerFileSystemProvider(DRAFT_SCHEME, this.draftFiles, { isCaseSensitive: true }),
    );
    this.comments = this._register(new LineComments(this.drafts));
  }

  /** @param id of the merge request or its bead */
  async describe(id: string): Promise<{ ref: ChangeRef; change: ChangeInfo; label: string }> {
    // The patch first: if the change is laid out anew in between, a verdict is refused, never given about what was not seen.
    const info = await this.link.call(MqGet.spec, { id });
    const change = await this.link.call(MqChange.spec, { id: info.id });
    const { base, commit } = change;
    const ref = {
      bead: info.bead,
      request: info.id,
      rig: info.rig,
      title: info.title,
      base,
      commit,
      ...(info.patch === undefined ? {} : { patch: info.patch }),
    };
    return { ref, change, label: reviewTitle(info) };
  }

  /** Opens all files of the change in one editor, what is to be known about it first. */
  async open(id: string): Promise<ChangeRef> {
    const { ref, change, label } = await this.describe(id);
    this.drafts.carryOver(ref);
    this.opened.set(ref.bead, { ref, label });
    const resources = [
      { modifiedUri: uriOf(changeUri(ref, 'about', aboutName())) },
      ...shownFiles(change.files).map(({ path, status }) => ({
        originalUri: status === 'added' ? undefined : uriOf(changeUri(ref, 'base', path)),
        modifiedUri: status === 'deleted' ? undefined : uriOf(changeUri(ref, 'change', path)),
      })),
    ];
    // As `vscode.changes`, with a URI of our own for the whole: it tells the actions in the title which change they are about.
    await vscode.commands.executeCommand('_workbench.openMultiDiffEditor', {
      title: label,
      multiDiffSourceUri: uriOf(changeUri(ref, 'whole', ref.bead)),
      resources,
    });
    // What is looked at from here, such as the bead's page, must not take its place.
    await vscode.commands.executeCommand('workbench.action.keepEditor');
    return ref;
  }

  openedOf(bead: string): ChangeRef | undefined {
    return this.opened.get(bead)?.ref;
  }

  /** The change that the active editor is about. */
  inEditor(): ChangeRef | undefined {
    const ref = readChangeUri(vscode.window.activeTextEditor?.document.uri)?.ref;
    if (ref) return ref;
    // VS Code tells of an editor of many files no more than its title, to which it adds how many there are.
    const title = vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '';
    const [found, another] = [...this.opened.values()].filter(({ label }) =>
      /^(?: \([^)]*\))?$/.test(title.startsWith(label) ? title.slice(label.length) : '-'),
    );
    return another ? undefined : found?.ref;
  }

  /** An editor for what is to change: there is room for it, and it is kept until it is sent. */
  async openDraft(ref: ChangeRef): Promise<void> {
    const uri = uriOf(draftUri(ref));
    this.draftFiles.changed(uri);
    await vscode.window.showTextDocument(uri, { preview: false, viewColumn: vscode.ViewColumn.Beside });
  }

  /** Takes what stands in the editor of the draft, saved or not. */
  async saveDraft(ref: ChangeRef): Promise<void> {
    const uri = uriOf(draftUri(ref)).toString();
    const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri);
    if (!document?.isDirty) return;
    this.drafts.setText(ref, document.getText());
    await document.save();
  }

  async closeDraft(ref: ChangeRef): Promise<void> {
    const uri = uriOf(draftUri(ref)).toString();
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter((tab) => tab.input instanceof vscode.TabInputText && tab.input.uri.toString() === uri);
    await vscode.window.tabGroups.close(tabs, true);
  }
}

function uriOf(parts: UriParts): vscode.Uri {
  return vscode.Uri.from(parts);
}
