import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { Disposable } from '../../../../server/src/base/lifecycle';
import { BeadEvents } from '../../../../server/src/protocol/bead';
import { BeadDiff, BeadPage, TownEvent } from '../../../../server/src/protocol/town';
import type { ServerConnection } from '../../state/townSync';
import { aboutName, CHANGE_SCHEME } from '../review/changeUri';
import { beadMarkdown, decisionLogMarkdown, namedBeads, pageLink, type PageDiff } from './beadMarkdown';
import { DESCRIPTION_SCHEME, DescriptionFiles, descriptionUri } from './descriptionFiles';

const SCHEME = 'gastown-bead';
const EVENTS = 200;
/** Open documents follow the audit trail, at most so often. */
const REFRESH_MS = 300;

/** Beads and decision logs as read-only documents that follow what happens, and descriptions as files to edit. */
export class BeadDocuments
  extends Disposable
  implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider
{
  private readonly changeEmitter = this._register(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.changeEmitter.event;
  private readonly stale = new Set<string>();
  /** By page: the other beads that it names. */
  private readonly named = new Map<string, ReadonlySet<string>>();
  private readonly texts = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly link: ServerConnection) {
    super();
    this._register(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
    this._register(
      vscode.languages.registerDocumentLinkProvider(
        [{ scheme: SCHEME }, { scheme: CHANGE_SCHEME, pattern: `**/${aboutName()}` }],
        this,
      ),
    );
    const files = this._register(new DescriptionFiles(link));
    this._register(vscode.workspace.registerFileSystemProvider(DESCRIPTION_SCHEME, files, { isCaseSensitive: true }));
    this._register(link.onNotification(TownEvent.spec, (event) => this.refresh(event.bead)));
    this._register({ dispose: () => clearTimeout(this.timer) });
  }

  async show(bead: string, viewColumn = vscode.ViewColumn.Active): Promise<void> {
    const uri = pageUri(bead);
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true, viewColumn });
  }

  /** The description as a file that can be edited and saved. */
  async edit(bead: string): Promise<void> {
    await vscode.window.showTextDocument(descriptionUri(bead), { preview: false });
  }

  async showDecisions(address: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/decisions/${address}.md` });
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  /** Text that is too long for a dialog, for as long as this window lives. */
  async showText(title: string, text: string): Promise<void> {
    const path = `/text/${
      title
        .replace(/[^\w .-]+/g, ' ')
        .trim()
        .slice(0, 60) || 'text'
    }.txt`;
    this.texts.set(path, text);
    const uri = vscode.Uri.from({ scheme: SCHEME, path });
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  /** The bead whose page is in the active editor. */
  beadInEditor(): string | undefined {
    const uri = vscode.window.activeTextEditor?.document.uri;
    return uri?.scheme === SCHEME ? /^\/bead\/(.+)\.md$/.exec(uri.path)?.[1] : undefined;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const bead = /^\/bead\/(.+)\.md$/.exec(uri.path)?.[1];
    const address = /^\/decisions\/(.+)\.md$/.exec(uri.path)?.[1];
    try {
      if (bead !== undefined) return await this.beadText(bead);
      if (address !== undefined) return await this.decisionsText(address);
      return this.texts.get(uri.path) ?? '';
    } catch (error) {
      return `${messageOf(error)}\n`;
    }
  }

  /** Other beads that a page names open by a click on their ids. */
  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    return [...document.getText().matchAll(pageLink)].map((match) => {
      const start = document.positionAt(match.index);
      return new vscode.DocumentLink(
        new vscode.Range(start, start.translate(0, match[0].length)),
        pageUri(match[1] ?? ''),
      );
    });
  }

  private async beadText(bead: string): Promise<string> {
    const [page, diff] = await Promise.all([this.link.call(BeadPage.spec, { id: bead }), this.diff(bead)]);
    this.named.set(bead, new Set(namedBeads(page)));
    return beadMarkdown(page, diff);
  }

  /** The page is worth reading without it. */
  private async diff(bead: string): Promise<PageDiff> {
    try {
      return await this.link.call(BeadDiff.spec, { id: bead });
    } catch (error) {
      return { kind: 'problem', reason: messageOf(error) };
    }
  }

  private async decisionsText(address: string): Promise<string> {
    const rig = address.includes('/') ? address.split('/')[0] : 'hq';
    const events = await this.link.call(BeadEvents.spec, { ledger: rig, limit: EVENTS });
    return decisionLogMarkdown(
      address,
      [...events].sort((a, b) => b.ts.localeCompare(a.ts)),
    );
  }

  private refresh(bead: string | undefined): void {
    this.stale.add(bead ?? '');
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const { uri } of vscode.workspace.textDocuments) {
        const shown = uri.scheme === SCHEME ? /^\/bead\/(.+)\.md$/.exec(uri.path)?.[1] : undefined;
        if (uri.scheme === SCHEME && (shown === undefined || this.isStale(shown))) this.changeEmitter.fire(uri);
      }
      this.stale.clear();
    }, REFRESH_MS);
  }

  /** What is about no bead, such as the engine's start, may change why nobody begins. */
  private isStale(bead: string): boolean {
    const named = this.named.get(bead);
    return [...this.stale].some((changed) => changed === '' || changed === bead || named?.has(changed) === true);
  }
}

function pageUri(bead: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/bead/${bead}.md` });
}
