import * as vscode from 'vscode';
import { messageOf } from '../../../../server/src/base/errors';
import { Disposable, Emitter, toDisposable } from '../../../../server/src/base/lifecycle';
import { backoff, CancellableDelay } from '../../connection/backoff';
import type { TownConnection } from '../../connection/townConnection';
import type { TownResolver } from '../../connection/townResolver';
import { formulaSelector } from '../../connection/formulaSelector';
import { StandaloneClient } from './standaloneClient';
import { standalonePolicy } from './wish';

/** Who serves the formulas of this window. */
export type Serving = 'nobody' | 'starting' | 'own' | 'town';

/** A town that answers within that time needs no second server. */
const PATIENCE_MS = 2_000;
/** One that lasted so long was good: the next failure starts counting anew. */
const STEADY_MS = 10_000;

export interface FormulaServerOptions {
  connection: TownConnection;
  town: TownResolver;
  serverJs: string;
  log: vscode.LogOutputChannel;
  languageLog: vscode.LogOutputChannel;
}

/** Runs the language server for this window alone while a formula is open and no town's server answers. */
export class FormulaServer extends Disposable {
  private timer: NodeJS.Timeout | undefined;
  private pause: CancellableDelay | undefined;
  private client: StandaloneClient | undefined;
  private isUp = false;
  private readonly changeEmitter = this._register(new Emitter<Serving>());
  readonly onDidChange = this.changeEmitter.event;

  constructor(private readonly options: FormulaServerOptions) {
    super();
    const look = (): void => this.update();
    this._register(vscode.workspace.onDidOpenTextDocument(look));
    this._register(vscode.workspace.onDidCloseTextDocument(look));
    this._register(options.connection.onDidChangeState(look));
    this._register(options.town.onDidChange(look));
    this._register(
      toDisposable(() => {
        this.forgetTimer();
        this.stop();
      }),
    );
    this.update();
  }

  get serving(): Serving {
    if (this.options.connection.servesFormulas) return 'town';
    if (this.isUp) return 'own';
    return this.isOpen() ? 'starting' : 'nobody';
  }

  private isOpen(): boolean {
    return vscode.workspace.textDocuments.some((document) => vscode.languages.match(formulaSelector, document) > 0);
  }

  private update(): void {
    if (this.isDisposed) return;
    const wanted = this.wish();
    if (wanted !== 'soon') this.forgetTimer();
    if (wanted === 'no') this.stop();
    else if (wanted === 'now') this.start();
    else if (!this.pause && !this.timer) this.timer = setTimeout(() => this.startIfStill(), PATIENCE_MS);
    this.changeEmitter.fire(this.serving);
  }

  private wish(): ReturnType<typeof standalonePolicy> {
    const { connection, town } = this.options;
    // A town that is only looked at serves no formulas.
    return standalonePolicy(
      this.isOpen(),
      vscode.workspace.isTrusted ? connection.state.kind : 'none',
      town.finding !== undefined,
    );
  }

  private forgetTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private startIfStill(): void {
    this.forgetTimer();
    if (this.wish() !== 'no') this.start();
  }

  private start(): void {
    if (this.pause) return;
    this.pause = new CancellableDelay();
    void this.keep(this.pause);
  }

  private stop(): void {
    this.pause?.cancel();
    this.pause = undefined;
    this.isUp = false;
    const client = this.client;
    this.client = undefined;
    void client?.end();
  }

  /** Starts it again whenever it ends, with pauses that grow, until somebody else serves. */
  private async keep(pause: CancellableDelay): Promise<void> {
    const { log, languageLog, serverJs } = this.options;
    for (let failures = 0; this.pause === pause; ) {
      const started = Date.now();
      const client = new StandaloneClient(serverJs, languageLog);
      this.client = client;
      try {
        await client.start();
        if (this.pause === pause) {
          this.isUp = true;
          log.info('the language server of this window runs');
          this.changeEmitter.fire(this.serving);
          await client.closed;
        }
      } catch (error) {
        log.error(`the language server of this window: ${messageOf(error)}`);
      }
      // One that was given up while it started is ended only now: before it would not listen.
      await client.end();
      if (this.pause !== pause) return;
      this.isUp = false;
      failures = Date.now() - started > STEADY_MS ? 0 : failures + 1;
      log.warn('the language server of this window has ended');
      this.changeEmitter.fire(this.serving);
      await pause.wait(backoff(failures));
    }
  }
}
