import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import type { Caller } from '../../../../server/src/protocol/request';
import { MqChange, MqGet, type BeadPhase, type ChangeInfo } from '../../../../server/src/protocol/town';
import type { TownStore } from '../../state/townStore';
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

/** Phases in which a verdict on a change is no longer possible. */
const finalPhases: readonly (BeadPhase | undefined)[] = ['merged', 'closed', undefined];

/** Changes of agents in this window: their editors, and the user's drafts about them. */
export class Reviews extends Disposable {
  readonly drafts: Drafts;
  readonly comments: LineComments;
  private readonly draftFiles: DraftFiles;
  /** The version that was last opened in this window, by bead; a verdict from a row applies to it. */
  private readonly opened = new Map<string, { ref: ChangeRef; label: string }>();

  constructor(
    private readonly connection: Caller,
    store: TownStore,
    memory: vscode.Memento,
  ) {
    super();
    this.drafts = this._register(new Drafts(memory));
    const files = this._register(new ChangeFiles(connection));
    this._register(
      vscode.workspace.registerFileSystemProvider(CHANGE_SCHEME, files, { isCaseSensitive: true, isReadonly: true }),
    );
    this.draftFiles = this._register(new DraftFiles(this.drafts));
    this._register(
      vscode.workspace.registerFileSystemProvider(DRAFT_SCHEME, this.draftFiles, { isCaseSensitive: true }),
    );
    this.comments = this._register(new LineComments(this.drafts));
    this._register(
      store.beads.onDidChange(() => {
        for (const bead of this.opened.keys())
          if (finalPhases.includes(store.beads.get(bead)?.phase)) this.opened.delete(bead);
      }),
    );
  }

  /** Describes a change. @param id of the merge request or its bead */
  async describe(id: string): Promise<{ ref: ChangeRef; change: ChangeInfo; label: string }> {
    // Read the patch-id first: if a new version arrives in between, the verdict is refused instead of applied to an
    // unseen change.
    const info = await this.connection.call(MqGet.spec, { id });
    const change = await this.connection.call(MqChange.spec, { id: info.id });
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

  /** Opens all files of the change in one editor, after the page about it. */
  async open(id: string): Promise<ChangeRef> {
    const { ref, change, label } = await this.describe(id);
    this.drafts.startFromPrevious(ref);
    this.opened.set(ref.bead, { ref, label });
    const resources = [
      { modifiedUri: uriOf(changeUri(ref, 'about', aboutName())) },
      ...shownFiles(change.files).map(({ path, status }) => ({
        originalUri: status === 'added' ? undefined : uriOf(changeUri(ref, 'base', path)),
        modifiedUri: status === 'deleted' ? undefined : uriOf(changeUri(ref, 'change', path)),
      })),
    ];
    // Like `vscode.changes`, but with our own URI for the whole, which the actions in the title receive.
    await vscode.commands.executeCommand('_workbench.openMultiDiffEditor', {
      title: label,
      multiDiffSourceUri: uriOf(changeUri(ref, 'whole', ref.bead)),
      resources,
    });
    // An editor that is opened from here, such as the page of the bead, must not replace this one.
    await vscode.commands.executeCommand('workbench.action.keepEditor');
    return ref;
  }

  openedOf(bead: string): ChangeRef | undefined {
    return this.opened.get(bead)?.ref;
  }

  /** The change in the active editor. */
  inEditor(): ChangeRef | undefined {
    const ref = readChangeUri(vscode.window.activeTextEditor?.document.uri)?.ref;
    if (ref) return ref;
    // VS Code exposes only the title of an editor of several files, followed by their number.
    const title = vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '';
    const [found, another] = [...this.opened.values()].filter(({ label }) =>
      /^(?: \([^)]*\))?$/.test(title.startsWith(label) ? title.slice(label.length) : '-'),
    );
    return another ? undefined : found?.ref;
  }

  /** Opens the draft of a request for changes in an editor. */
  async openDraft(ref: ChangeRef): Promise<void> {
    const uri = uriOf(draftUri(ref));
    this.draftFiles.changed(uri);
    await vscode.window.showTextDocument(uri, { preview: false, viewColumn: vscode.ViewColumn.Beside });
  }

  /** Stores the text of the draft's editor, saved or not. */
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
