import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { Disposable, toDisposable } from '../../../../server/src/base/lifecycle';
import { BeadEvents } from '../../../../server/src/protocol/bead';
import { BeadDiff, BeadPage, TownEvent } from '../../../../server/src/protocol/town';
import type { ServerConnection } from '../../connection/serverConnection';
import { beadMarkdown, decisionLogMarkdown, namedBeads, pageLink, type PageDiff } from './beadMarkdown';
import { DESCRIPTION_SCHEME, DescriptionFiles, descriptionUri } from './descriptionFiles';

const SCHEME = 'gastown-bead';
/** Maximum number of decisions in a log. */
const DECISIONS = 200;
/** Open documents are updated at most this often. */
const REFRESH_MS = 300;

/** Pages of beads and decision logs as read-only documents that stay up to date, and descriptions as files to edit. */
export class BeadDocuments
  extends Disposable
  implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider
{
  private readonly changeEmitter = this._register(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.changeEmitter.event;
  /** Beads that have changed since the last update; '' for a change without a bead. */
  private readonly changed = new Set<string>();
  /** Ids of the other beads on each open page, by URI. */
  private readonly named = new Map<string, ReadonlySet<string>>();
  /** Texts by path, while the document is open. */
  private readonly texts = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;

  /** @param linkedDocuments other documents in which ids of beads are links */
  constructor(
    private readonly connection: ServerConnection,
    linkedDocuments: vscode.DocumentFilter[],
  ) {
    super();
    this._register(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
    this._register(vscode.languages.registerDocumentLinkProvider([{ scheme: SCHEME }, ...linkedDocuments], this));
    const files = this._register(new DescriptionFiles(connection));
    this._register(vscode.workspace.registerFileSystemProvider(DESCRIPTION_SCHEME, files, { isCaseSensitive: true }));
    this._register(connection.onNotification(TownEvent.spec, (event) => this.refresh(event.bead)));
    this._register(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.forget(uri)));
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  /** Opens the page of a bead. */
  async show(bead: string, viewColumn = vscode.ViewColumn.Active): Promise<void> {
    const uri = pageUri(bead);
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true, viewColumn });
  }

  /** Opens the description as a file that can be edited and saved. */
  async edit(bead: string): Promise<void> {
    await vscode.window.showTextDocument(descriptionUri(bead), { preview: false });
  }

  /** Shows the decisions of a built-in role. @param address of the role */
  async showDecisions(address: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/decisions/${address}.md` });
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  /** Opens text that is too long for a dialog. */
  async showText(title: string, text: string): Promise<void> {
    const name = title
      .replace(/[^\w .-]+/g, ' ')
      .trim()
      .slice(0, 60);
    const path = `/text/${name || 'text'}.txt`;
    this.texts.set(path, text);
    const uri = vscode.Uri.from({ scheme: SCHEME, path });
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  /** The bead whose page is in the active editor. */
  beadInEditor(): string | undefined {
    const uri = vscode.window.activeTextEditor?.document.uri;
    return uri && beadOfPage(uri);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const bead = beadOfPage(uri);
    const address = /^\/decisions\/(.+)\.md$/.exec(uri.path)?.[1];
    try {
      if (bead !== undefined) return await this.beadText(uri, bead);
      if (address !== undefined) return await this.decisionLog(address);
      return this.texts.get(uri.path) ?? '';
    } catch (error) {
      return `${messageOf(error)}\n`;
    }
  }

  /** The ids of other beads link to their pages. */
  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    return [...document.getText().matchAll(pageLink)].map((match) => {
      const start = document.positionAt(match.index);
      return new vscode.DocumentLink(
        new vscode.Range(start, start.translate(0, match[0].length)),
        pageUri(match[1] ?? ''),
      );
    });
  }

  private async beadText(uri: vscode.Uri, bead: string): Promise<string> {
    const [page, diff] = await Promise.all([this.connection.call(BeadPage.spec, { id: bead }), this.diff(bead)]);
    this.named.set(uri.toString(), new Set(namedBeads(page)));
    return beadMarkdown(page, diff);
  }

  /** The diff of a bead, or the problem: the page is useful without a diff. */
  private async diff(bead: string): Promise<PageDiff> {
    try {
      return await this.connection.call(BeadDiff.spec, { id: bead });
    } catch (error) {
      return { kind: 'problem', reason: messageOf(error) };
    }
  }

  private async decisionLog(address: string): Promise<string> {
    const ledger = address.includes('/') ? address.split('/')[0] : 'hq';
    const events = await this.connection.call(BeadEvents.spec, { ledger, limit: DECISIONS });
    return decisionLogMarkdown(
      address,
      [...events].sort((a, b) => b.ts.localeCompare(a.ts)),
    );
  }

  private refresh(bead: string | undefined): void {
    this.changed.add(bead ?? '');
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const { uri } of vscode.workspace.textDocuments)
        if (uri.scheme === SCHEME && this.isStale(uri)) this.changeEmitter.fire(uri);
      this.changed.clear();
    }, REFRESH_MS);
  }

  private isStale(uri: vscode.Uri): boolean {
    if (uri.path.startsWith('/text/')) return false;
    const bead = beadOfPage(uri);
    if (bead === undefined) return true;
    const named = this.named.get(uri.toString());
    // A change without a bead, such as the start of the engine, may change why a bead has not started.
    return [...this.changed].some((id) => id === '' || id === bead || named?.has(id) === true);
  }

  private forget(uri: vscode.Uri): void {
    if (uri.scheme !== SCHEME) return;
    this.named.delete(uri.toString());
    this.texts.delete(uri.path);
  }
}

function pageUri(bead: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/bead/${bead}.md` });
}

function beadOfPage(uri: vscode.Uri): string | undefined {
  return uri.scheme === SCHEME ? /^\/bead\/(.+)\.md$/.exec(uri.path)?.[1] : undefined;
}
