import * as vscode from 'vscode';
import { messageOf } from '../../../server/src/base/errors';
import { Disposable } from '../../../server/src/base/lifecycle';
import { BeadEvents, BeadShow } from '../../../server/src/protocol/bead';
import { TownEvent } from '../../../server/src/protocol/town';
import type { TownLink } from '../model/townSync';
import { beadMarkdown, decisionsMarkdown } from './beadMarkdown';
import { DESCRIPTION_SCHEME, DescriptionFiles, descriptionUri } from './descriptionFiles';

const SCHEME = 'gastown-bead';
const EVENTS = 200;
/** Open documents follow the audit trail, at most so often. */
const REFRESH_MS = 300;

/** Beads and decision logs as read-only documents that follow what happens, and descriptions as files to edit. */
export class BeadDocuments extends Disposable implements vscode.TextDocumentContentProvider {
  private readonly changeEmitter = this._register(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.changeEmitter.event;
  private readonly stale = new Set<string>();
  private readonly texts = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly link: TownLink) {
    super();
    this._register(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
    const files = this._register(new DescriptionFiles(link));
    this._register(vscode.workspace.registerFileSystemProvider(DESCRIPTION_SCHEME, files, { isCaseSensitive: true }));
    this._register(link.onNotification(TownEvent.spec, (event) => this.refresh(event.bead)));
    this._register({ dispose: () => clearTimeout(this.timer) });
  }

  async show(bead: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/bead/${bead}.md` });
    this.changeEmitter.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
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
    const path = `/text/${title.replace(/[^\w .-]+/g, ' ').trim().slice(0, 60) || 'text'}.txt`;
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

  private async beadText(bead: string): Promise<string> {
    const [[details], events] = await Promise.all([
      this.link.call(BeadShow.spec, { ids: [bead] }),
      this.link.call(BeadEvents.spec, { id: bead, limit: EVENTS }),
    ]);
    return details ? beadMarkdown(details, events) : '';
  }

  private async decisionsText(address: string): Promise<string> {
    const rig = address.includes('/') ? address.split('/')[0] : 'hq';
    const events = await this.link.call(BeadEvents.spec, { ledger: rig, limit: EVENTS });
    return decisionsMarkdown(address, [...events].sort((a, b) => b.ts.localeCompare(a.ts)));
  }

  private refresh(bead: string | undefined): void {
    this.stale.add(bead ?? '');
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const { uri } of vscode.workspace.textDocuments) {
        const shown = uri.scheme === SCHEME ? /^\/bead\/(.+)\.md$/.exec(uri.path)?.[1] : undefined;
        if (uri.scheme === SCHEME && (shown === undefined || this.stale.has(shown))) this.changeEmitter.fire(uri);
      }
      this.stale.clear();
    }, REFRESH_MS);
  }
}
