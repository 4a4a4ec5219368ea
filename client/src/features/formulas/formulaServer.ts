import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { Disposable, Emitter, toDisposable } from '../../../../server/src/base/lifecycle';
import type { Log } from '../../base/editor';
import { backoff, CancellableDelay } from '../../connection/backoff';
import type { TownConnection } from '../../connection/townConnection';
import type { TownResolver } from '../../connection/townResolver';
import { formulaSelector, standalonePolicy, type FormulaServing, type StandaloneNeed } from './formulaServing';
import { StandaloneClient } from './standaloneClient';

/** How long to wait for the connection to a town, which makes a server for this window unnecessary. */
const TOWN_WAIT_MS = 2_000;
/** After a run of this length the next failure counts as the first one. */
const STABLE_MS = 10_000;

export interface FormulaServerOptions {
  connection: TownConnection;
  resolver: TownResolver;
  serverJs: string;
  log: Log;
  languageLog: vscode.LogOutputChannel;
}

/** Runs the language server only for this window while a formula is open and no town's server serves it. */
export class FormulaServer extends Disposable {
  private timer: NodeJS.Timeout | undefined;
  /** Set while the server is kept running. */
  private delay: CancellableDelay | undefined;
  private client: StandaloneClient | undefined;
  private isUp = false;
  private readonly changeEmitter = this._register(new Emitter<FormulaServing>());
  readonly onDidChange = this.changeEmitter.event;

  constructor(private readonly options: FormulaServerOptions) {
    super();
    const update = (): void => this.update();
    this._register(vscode.workspace.onDidOpenTextDocument(update));
    this._register(vscode.workspace.onDidCloseTextDocument(update));
    this._register(options.connection.onDidChangeState(update));
    this._register(options.resolver.onDidChange(update));
    this._register(
      toDisposable(() => {
        this.clearTimer();
        this.stop();
      }),
    );
    this.update();
  }

  get serving(): FormulaServing {
    if (this.options.connection.servesFormulas) return 'town';
    if (this.isUp) return 'standalone';
    return formulaIsOpen() ? 'starting' : 'nobody';
  }

  private update(): void {
    if (this.isDisposed) return;
    const need = this.need();
    if (need !== 'soon') this.clearTimer();
    if (need === 'no') this.stop();
    else if (need === 'now') this.start();
    else if (!this.delay && !this.timer) this.timer = setTimeout(() => this.startIfNeeded(), TOWN_WAIT_MS);
    this.changeEmitter.fire(this.serving);
  }

  private need(): StandaloneNeed {
    const { connection, resolver } = this.options;
    // The server of a town of a read-only window serves no formulas.
    const town = vscode.workspace.isTrusted ? connection.state.kind : 'none';
    return standalonePolicy(formulaIsOpen(), town, resolver.finding !== undefined);
  }

  private clearTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private startIfNeeded(): void {
    this.clearTimer();
    if (this.need() !== 'no') this.start();
  }

  private start(): void {
    if (this.delay) return;
    this.delay = new CancellableDelay();
    void this.keepRunning(this.delay);
  }

  private stop(): void {
    this.delay?.cancel();
    this.delay = undefined;
    this.isUp = false;
    const client = this.client;
    this.client = undefined;
    void client?.end();
  }

  /** Restarts the server whenever it ends, with increasing delays, until `stop`. */
  private async keepRunning(delay: CancellableDelay): Promise<void> {
    const { log, languageLog, serverJs } = this.options;
    for (let failures = 0; this.delay === delay; ) {
      const started = Date.now();
      const client = new StandaloneClient(serverJs, languageLog);
      this.client = client;
      try {
        await client.start();
        if (this.delay === delay) {
          this.isUp = true;
          log.info('the language server of this window is running');
          this.changeEmitter.fire(this.serving);
          await client.closed;
        }
      } catch (error) {
        log.error(`the language server of this window: ${messageOf(error)}`);
      }
      // `stop` during the start could not end it, because a starting client does not listen yet.
      await client.end();
      if (this.delay !== delay) return;
      this.isUp = false;
      failures = Date.now() - started > STABLE_MS ? 0 : failures + 1;
      log.warn('the language server of this window has ended');
      this.changeEmitter.fire(this.serving);
      await delay.wait(backoff(failures));
    }
  }
}

function formulaIsOpen(): boolean {
  return vscode.workspace.textDocuments.some((document) => vscode.languages.match(formulaSelector, document) > 0);
}
