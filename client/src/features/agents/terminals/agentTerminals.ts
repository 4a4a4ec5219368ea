import * as vscode from 'vscode';
import { Disposable } from '../../../../../server/src/base/lifecycle';
import type { AgentInfo } from '../../../../../server/src/protocol/town';
import type { Log } from '../../../base/editor';
import { settings } from '../../../base/settings';
import type { TownConnection } from '../../../connection/townConnection';
import type { TownStore } from '../../../state/townStore';
import { roleIcons, terminalName } from '../agentRows';
import { AgentTerminal } from './agentTerminal';
import { OpenTerminals } from './openTerminals';

interface Entry {
  terminal: vscode.Terminal;
  pty: AgentTerminal;
}

/** The terminals of agents in this window, one per agent. They are reopened after the window was reloaded. */
export class AgentTerminals extends Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly remembered: OpenTerminals;
  private restoredFor: string | undefined;

  constructor(
    private readonly store: TownStore,
    private readonly connection: TownConnection,
    memory: vscode.Memento,
    private readonly log: Log,
  ) {
    super();
    this.remembered = new OpenTerminals(memory);
    this._register(
      store.onDidChange((names) => {
        if (names.has('agents')) this.updateAll();
      }),
    );
    this._register(
      connection.onDidChangeState((state) => {
        // A window in Restricted Mode has no terminals; they are restored once it is trusted.
        if ('root' in state && vscode.workspace.isTrusted) this.restore(state.root);
        this.updateAll();
      }),
    );
    this._register(vscode.window.onDidCloseTerminal((terminal) => this.closed(terminal)));
    this._register(vscode.window.onDidChangeActiveTerminal((terminal) => this.activated(terminal)));
    this._register(
      vscode.window.onDidChangeWindowState((state) => {
        // While the user is in another window, that one may decide the size.
        if (!state.focused) for (const { pty } of this.entries.values()) pty.releaseSize();
      }),
    );
  }

  /** Shows the terminal of an agent, with its current session. */
  open(address: string, preserveFocus = false): vscode.Terminal {
    const entry = this.entries.get(address) ?? this.create(address);
    entry.terminal.show(preserveFocus);
    if (!preserveFocus) entry.pty.claimSize();
    this.remember();
    return entry.terminal;
  }

  get openAgents(): string[] {
    return [...this.entries.keys()];
  }

  terminalOf(address: string): vscode.Terminal | undefined {
    return this.entries.get(address)?.terminal;
  }

  private create(address: string): Entry {
    const agent = this.store.agents.get(address);
    const pty = new AgentTerminal(address, this.connection, this.log);
    const terminal = vscode.window.createTerminal({
      name: terminalName(address, agent),
      pty,
      isTransient: true,
      location: settings.terminalLocation,
      iconPath: new vscode.ThemeIcon(roleIcons[roleOf(address, agent)]),
    });
    const entry = { terminal, pty };
    this.entries.set(address, entry);
    pty.update(agent, this.canAttach);
    return entry;
  }

  /** After a connect, attaching waits for the snapshot: which contains the sessions of the agents. */
  private get canAttach(): boolean {
    return this.connection.state.kind === 'ready' && this.store.hasSnapshot;
  }

  private updateAll(): void {
    for (const [address, { pty }] of this.entries) pty.update(this.store.agents.get(address), this.canAttach);
  }

  /** Opens the terminals that were open before the window was reloaded, without taking the focus. */
  private restore(root: string): void {
    if (this.restoredFor === root) return;
    this.restoredFor = root;
    if (!settings.restoreTerminals) return;
    const { agents, active } = this.remembered.of(root);
    for (const address of agents) if (!this.entries.has(address)) this.create(address);
    if (active !== undefined) this.entries.get(active)?.terminal.show(true);
    if (agents.length > 0) this.log.info(`opened the terminals of ${agents.join(', ')} again`);
  }

  private activated(terminal: vscode.Terminal | undefined): void {
    if (this.find(terminal)) this.remember();
  }

  private closed(terminal: vscode.Terminal): void {
    const address = this.find(terminal);
    if (address === undefined) return;
    this.entries.get(address)?.pty.dispose();
    this.entries.delete(address);
    // A window that is closed or reloaded closes all its terminals, too: those will be reopened.
    if (terminal.exitStatus?.reason === vscode.TerminalExitReason.User) this.remember();
  }

  private find(terminal: vscode.Terminal | undefined): string | undefined {
    return [...this.entries].find(([, entry]) => entry.terminal === terminal)?.[0];
  }

  private remember(): void {
    if (this.restoredFor !== undefined)
      this.remembered.set(this.restoredFor, this.openAgents, this.find(vscode.window.activeTerminal));
  }

  override dispose(): void {
    for (const { terminal } of this.entries.values()) terminal.dispose();
    this.entries.clear();
    super.dispose();
  }
}

/** The role of an agent, from its address while it is not in the store yet, such as for restored terminals. */
function roleOf(address: string, agent: AgentInfo | undefined): AgentInfo['role'] {
  if (agent) return agent.role;
  if (address.includes('/crew/')) return 'crew';
  return address === 'mayor' ? 'mayor' : 'polecat';
}
