import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { configDirectory } from '../../../server/src/base/configDirectory';
import { messageOf } from '../../../server/src/base/errors';
import { Disposable, Emitter, toDisposable } from '../../../server/src/base/lifecycle';
import { settings } from '../base/settings';
import { folderFacts, realPath, withRealPaths } from './folderFacts';
import { readKnownTowns, type KnownTown } from './knownTowns';
import { findTown, type Finding } from './townFinder';
import type { TownConnection } from './townConnection';

const CHOSEN_KEY = 'gastown.chosenTown';
/** Delay after a change of a file, because changes come in bursts. */
const DEBOUNCE_MS = 150;

/** Finds the town of this window, notices when that changes, and sets it as the target of the connection. */
export class TownResolver extends Disposable {
  private current: Finding | undefined;
  private knownTowns: KnownTown[] = [];
  private searching: Promise<Finding> | undefined;
  private again = false;
  private readonly reported = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private watchers: fs.FSWatcher[] = [];
  private readonly changeEmitter = this._register(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly connection: TownConnection,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    super();
    const soon = (): void => this.refreshSoon();
    this._register(vscode.workspace.onDidChangeWorkspaceFolders(soon));
    this._register(vscode.workspace.onDidGrantWorkspaceTrust(soon));
    this._register(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('gastown')) soon();
      }),
    );
    // Watchers may miss changes on network drives: check again when the user returns to the window.
    this._register(
      vscode.window.onDidChangeWindowState((state) => {
        if (state.focused && this.current?.kind !== 'town') soon();
      }),
    );
    this._register(
      toDisposable(() => {
        clearTimeout(this.timer);
        this.dropWatchers();
      }),
    );
  }

  /** Undefined until the first search has ended. */
  get finding(): Finding | undefined {
    return this.current;
  }

  get towns(): readonly KnownTown[] {
    return this.knownTowns;
  }

  /** The repository in this window. */
  async repository(): Promise<string | undefined> {
    if (!vscode.workspace.isTrusted) return undefined;
    for (const folder of this.folders()) {
      const facts = await folderFacts(folder, true);
      if (facts.repository) return facts.repository.root;
    }
    return undefined;
  }

  /** Sets the town of this window for the case that neither a folder nor a rig determines it. */
  async choose(root: string): Promise<void> {
    await this.memory.update(CHOSEN_KEY, realPath(root));
    await this.refresh();
  }

  /** Searches again now. */
  async refresh(): Promise<Finding> {
    if (this.searching) {
      this.again = true;
      return this.searching;
    }
    this.searching = this.search();
    try {
      return await this.searching;
    } finally {
      this.searching = undefined;
    }
  }

  private refreshLogged(): void {
    this.refresh().catch((error: unknown) =>
      this.log.error(`cannot find the town of this window: ${messageOf(error)}`),
    );
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refreshLogged(), DEBOUNCE_MS);
  }

  private async search(): Promise<Finding> {
    let finding: Finding;
    do {
      this.again = false;
      finding = await this.look();
    } while (this.again);
    if (this.isDisposed) return finding;
    if (JSON.stringify(finding) !== JSON.stringify(this.current)) {
      this.log.info(`town of this window: ${JSON.stringify(finding)}`);
    }
    this.current = finding;
    this.connection.setTown(
      finding.kind === 'town' ? { root: finding.root, trusted: vscode.workspace.isTrusted } : undefined,
    );
    this.changeEmitter.fire();
    return finding;
  }

  private async look(): Promise<Finding> {
    const trusted = vscode.workspace.isTrusted;
    this.knownTowns = this.readAndWatch();
    const setting = settings.town;
    return findTown({
      trusted,
      folders: await Promise.all(this.folders().map((folder) => folderFacts(folder, trusted))),
      towns: this.knownTowns,
      setting: setting && realPath(setting),
      chosen: this.memory.get<string>(CHOSEN_KEY),
    });
  }

  /** Logs a problem once: the files are read again after each change of any of them. */
  private reportOnce(problem: string): void {
    if (this.reported.has(problem)) return;
    this.reported.add(problem);
    this.log.warn(problem);
  }

  private folders(): string[] {
    return (vscode.workspace.workspaceFolders ?? [])
      .filter((folder) => folder.uri.scheme === 'file')
      .map((folder) => folder.uri.fsPath);
  }

  /**
   * Every change after this has returned is noticed: watchers of Node see changes from the moment they are created,
   * while those of VS Code start in another process some time later, and miss earlier changes.
   */
  private readAndWatch(): KnownTown[] {
    const read = (): KnownTown[] => withRealPaths(readKnownTowns((problem) => this.reportOnce(problem)));
    if (this.isDisposed) return read();
    const roots = read().map((town) => town.root);
    this.dropWatchers();
    this.watch(registryFolder(this.log), 'towns.json');
    // A rig that another window or `gt` adds may be the open repository.
    for (const root of roots) this.watch(path.join(root, 'mayor'), 'rigs.json');
    return read();
  }

  private dropWatchers(): void {
    for (const watcher of this.watchers.splice(0)) watcher.close();
  }

  private watch(folder: string, file: string): void {
    try {
      const watcher = fs.watch(folder, (_event, name) => {
        if (name === null || name === file || !fs.existsSync(folder)) this.refreshSoon();
      });
      watcher.on('error', (error) => this.reportOnce(`cannot watch ${folder}: ${messageOf(error)}`));
      this.watchers.push(watcher);
    } catch (error) {
      this.reportOnce(`cannot watch ${folder}: ${messageOf(error)}`);
    }
  }
}

/** A folder that does not exist cannot be watched, and the first town may be created in a shell at any time. */
function registryFolder(log: vscode.LogOutputChannel): string {
  const folder = configDirectory();
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    log.warn(`cannot create ${folder}: ${messageOf(error)}`);
  }
  return folder;
}
