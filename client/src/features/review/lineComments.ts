import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import { l10n } from '../../base/editor';
import { CHANGE_SCHEME, draftKey, readChangeUri, type ChangeRef } from './changeUri';
import type { Drafts, LineComment } from './drafts';

/** A comment as VS Code passes it to its menus. */
export interface ShownComment extends vscode.Comment {
  id: string;
}

/** Comments on lines of a change. They are drafts, which are sent with the user's request for changes. */
export class LineComments extends Disposable {
  private readonly controller = this._register(
    vscode.comments.createCommentController('gastown-review', l10n.t('Review')),
  );
  private readonly threads = new Map<string, { thread: vscode.CommentThread; ref: ChangeRef }>();

  constructor(private readonly drafts: Drafts) {
    super();
    this.controller.options = {
      prompt: l10n.t('Comment on these lines…'),
      placeHolder: l10n.t('Sent with "Request Changes"'),
    };
    this.controller.commentingRangeProvider = {
      provideCommentingRanges: (document) =>
        sideOf(document.uri) ? [new vscode.Range(0, 0, Math.max(0, document.lineCount - 1), 0)] : undefined,
    };
    this._register(drafts.onDidClear((ref) => this.forget(ref)));
    this._register(vscode.workspace.onDidOpenTextDocument((document) => this.show(document)));
    this._register(vscode.workspace.onDidCloseTextDocument((document) => this.hide(document)));
    vscode.workspace.textDocuments.forEach((document) => this.show(document));
  }

  /** Adds a comment to a new or an existing thread. */
  add(thread: vscode.CommentThread, text: string): LineComment | undefined {
    const document = sideOf(thread.uri);
    if (!document || text.trim() === '') return undefined;
    const { ref, side, path } = document;
    const line = (thread.range?.start.line ?? 0) + 1;
    const comment = this.drafts.addComment(ref, { path, side, line, endLine: (thread.range?.end.line ?? 0) + 1, text });
    this.put(thread, ref, comment);
    return comment;
  }

  remove(id: string): void {
    const { thread, ref } = this.threads.get(id) ?? {};
    if (!thread || !ref) return;
    this.drafts.removeComment(ref, id);
    this.threads.delete(id);
    thread.comments = thread.comments.filter((comment) => !('id' in comment) || comment.id !== id);
    if (thread.comments.length === 0) thread.dispose();
  }

  /** Shows the comments that were written before the window was reloaded. */
  private show(textDocument: vscode.TextDocument): void {
    if (textDocument.uri.scheme !== CHANGE_SCHEME) return;
    const document = sideOf(textDocument.uri);
    if (!document) return;
    for (const comment of this.drafts.of(document.ref).comments) {
      if (comment.path !== document.path || comment.side !== document.side || this.threads.has(comment.id)) continue;
      const range = new vscode.Range(comment.line - 1, 0, comment.endLine - 1, 0);
      this.put(this.controller.createCommentThread(textDocument.uri, range, []), document.ref, comment);
    }
  }

  private hide({ uri }: vscode.TextDocument): void {
    if (uri.scheme !== CHANGE_SCHEME) return;
    for (const [id, { thread }] of this.threads) {
      if (thread.uri.toString() !== uri.toString()) continue;
      this.threads.delete(id);
      thread.dispose();
    }
  }

  private put(thread: vscode.CommentThread, ref: ChangeRef, { id, text }: LineComment): void {
    // Untrusted: the text may come from a draft on disk.
    const shown: ShownComment = {
      id,
      body: new vscode.MarkdownString(text),
      mode: vscode.CommentMode.Preview,
      author: { name: l10n.t('You') },
      label: l10n.t('not sent yet'),
    };
    thread.comments = [...thread.comments, shown];
    thread.label = l10n.t('For your request for changes');
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    this.threads.set(id, { thread, ref });
  }

  private forget(gone: ChangeRef): void {
    for (const [id, { thread, ref }] of this.threads) {
      if (draftKey(ref) !== draftKey(gone)) continue;
      this.threads.delete(id);
      thread.dispose();
    }
  }
}

function sideOf(uri: vscode.Uri): { ref: ChangeRef; side: 'base' | 'change'; path: string } | undefined {
  const document = readChangeUri(uri);
  return document && (document.side === 'base' || document.side === 'change')
    ? { ref: document.ref, side: document.side, path: document.path }
    : undefined;
}
