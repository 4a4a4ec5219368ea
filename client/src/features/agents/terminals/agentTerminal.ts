import * as vscode from 'vscode';
import { Disposable } from '../../../../../server/src/base/lifecycle';
import type { AgentInfo } from '../../../../../server/src/protocol/town';
import type { Log } from '../../../base/editor';
import type { ServerConnection } from '../../../connection/serverConnection';
import { terminalName } from '../agentRows';
import { AgentSession, type Size } from './agentSession';

/** The terminal of an agent in VS Code: a view onto the session host. Closing it does not affect the agent. */
export class AgentTerminal extends Disposable implements vscode.Pseudoterminal {
  private readonly writeEmitter = this._register(new vscode.EventEmitter<string>());
  private readonly sizeEmitter = this._register(new vscode.EventEmitter<vscode.TerminalDimensions | undefined>());
  private readonly nameEmitter = this._register(new vscode.EventEmitter<string>());
  readonly onDidWrite = this.writeEmitter.event;
  readonly onDidOverrideDimensions = this.sizeEmitter.event;
  readonly onDidChangeName = this.nameEmitter.event;
  private readonly session: AgentSession;
  private opened = false;
  private latest: { agent: AgentInfo | undefined; connected: boolean } = { agent: undefined, connected: false };
  private name: string;
  private fixedSize: string | undefined;

  constructor(
    readonly address: string,
    connection: ServerConnection,
    log: Log,
  ) {
    super();
    this.name = terminalName(address, undefined);
    this.session = this._register(
      new AgentSession(
        address,
        connection,
        {
          write: (data) => this.writeEmitter.fire(data),
          fixSize: (size) => this.fixSize(size),
        },
        log,
      ),
    );
  }

  /** VS Code listens only from now on: earlier output would be lost. */
  open(size: vscode.TerminalDimensions | undefined): void {
    this.opened = true;
    if (size) this.session.resize(boundedSize(size), vscode.window.state.focused);
    this.update(this.latest.agent, this.latest.connected);
  }

  close(): void {
    this.dispose();
  }

  handleInput(data: string): void {
    this.session.type(data);
  }

  setDimensions(size: vscode.TerminalDimensions): void {
    this.session.resize(boundedSize(size), vscode.window.state.focused);
  }

  update(agent: AgentInfo | undefined, connected: boolean): void {
    this.latest = { agent, connected };
    if (!this.opened || this.isDisposed) return;
    const name = terminalName(this.address, agent);
    if (name !== this.name) this.nameEmitter.fire(name);
    this.name = name;
    this.session.update(agent, connected);
  }

  /** Sets the session to the size of this terminal, because the user opened it here. */
  claimSize(): void {
    this.session.claimSize();
  }

  releaseSize(): void {
    this.session.releaseSize();
  }

  private fixSize(size: Size | undefined): void {
    const text = size && `${size.cols}x${size.rows}`;
    if (text === this.fixedSize) return;
    this.fixedSize = text;
    this.sizeEmitter.fire(size && { columns: size.cols, rows: size.rows });
  }
}

function boundedSize(size: vscode.TerminalDimensions): Size {
  return { cols: Math.min(1000, Math.max(2, size.columns)), rows: Math.min(1000, Math.max(1, size.rows)) };
}
