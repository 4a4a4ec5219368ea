import * as vscode from 'vscode';
import { Disposable } from '../../server/src/base/lifecycle';
import { personName } from './connection/gitFacts';
import { TownConnection } from './connection/townConnection';
import { TownLanguageClient } from './connection/townLanguageClient';
import { TownResolver } from './connection/townResolver';
import { agentCommands } from './features/agents/agentCommands';
import { agentRows, agentRowTooltip } from './features/agents/agentRows';
import { snapshotCommands } from './features/agents/snapshotCommands';
import { AgentTerminals } from './features/agents/terminals/agentTerminals';
import { attentionCommands, AttentionOpener } from './features/attention/attentionCommands';
import { AttentionView } from './features/attention/attentionView';
import { beadCommands } from './features/beads/beadCommands';
import { BeadDocuments } from './features/beads/beadDocuments';
import { BeadDrag } from './features/beads/beadDrag';
import { BeadLinks } from './features/beads/beadLinks';
import { beadListCommands } from './features/beads/beadListCommands';
import { BeadListWatch } from './features/beads/beadListWatch';
import { BeadLists } from './features/beads/beadLists';
import { BeadsView } from './features/beads/beadsView';
import { CommandLine } from './features/commandLine/commandLine';
import { commandLineCommands } from './features/commandLine/commandLineCommands';
import { Consent } from './features/consent/consent';
import { consentCommands } from './features/consent/consentCommands';
import { convoyChangeCommands } from './features/convoys/convoyChanges';
import { convoyCommands } from './features/convoys/convoyCommands';
import { ConvoysView } from './features/convoys/convoysView';
import { crewCommands } from './features/crew/crewCommands';
import { FormulaServer } from './features/formulas/formulaServer';
import { formulaSelector } from './features/formulas/formulaServing';
import { FormulaStatus } from './features/formulas/formulaStatus';
import { linkCommands } from './features/links/linkCommands';
import { LinkHandler } from './features/links/linkHandler';
import { mailCommands, openMail } from './features/mail/mailCommands';
import { mayorCommands } from './features/mayor/mayorCommands';
import { openPlan } from './features/mayor/openPlan';
import { overviewCommands } from './features/overview/overviewCommands';
import { StatusBar } from './features/overview/statusBar';
import { aboutName, CHANGE_SCHEME, readChangeArgument } from './features/review/changeUri';
import { mergeCommands } from './features/review/mergeCommands';
import { reviewCommands } from './features/review/reviewCommands';
import { ReviewRequests } from './features/review/reviewRequests';
import { Reviews } from './features/review/reviews';
import { fastForward, rigCommands } from './features/rigs/rigCommands';
import { ContextKeys } from './features/town/contextKeys';
import { engineCommands, EngineReminder } from './features/town/engine';
import { serverCommands } from './features/town/serverCommands';
import { townCommands } from './features/town/townCommands';
import { TownStore } from './state/townStore';
import { TownSync } from './state/townSync';
import { whenReady } from './state/whenReady';
import type { Commands } from './ui/command';
import { CommandRegistry } from './ui/commandRegistry';
import { Dialogs } from './ui/dialogs';
import { Notifications } from './ui/notifications';
import { RowTree } from './ui/tree/rowTree';

/**
 * Everything that exists in a window, created once and wired here. Each part gets only what it needs, in its
 * constructor; only `activate` gets this object, and returns it for tests.
 */
export class Container extends Disposable {
  readonly dialogs = new Dialogs();
  readonly store = this._register(new TownStore());
  readonly connection: TownConnection;
  readonly resolver: TownResolver;
  readonly lists: BeadLists;
  readonly terminals: AgentTerminals;
  readonly documents: BeadDocuments;
  readonly reviews: Reviews;
  readonly formulas: FormulaServer;
  readonly formulaStatus: FormulaStatus;
  readonly links: LinkHandler;
  readonly notifications: Notifications;
  readonly commandLine: CommandLine;
  readonly commandTable: Commands;
  /** Duration of `activate` in milliseconds, for the benchmark. */
  activationMs = 0;

  private readonly drag = new BeadDrag();
  private readonly convoys: ConvoysView;
  private readonly attention: AttentionView;
  private readonly consent: Consent;
  private readonly opener: AttentionOpener;
  private readonly engine: EngineReminder;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly languageLog: vscode.LogOutputChannel,
  ) {
    super();
    const { store, dialogs } = this;
    const memory = context.workspaceState;
    this.connection = this._register(this.createConnection());
    const sync = this._register(new TownSync(store, this.connection, log));
    this.resolver = this._register(new TownResolver(this.connection, memory, log));
    this.documents = this._register(
      new BeadDocuments(this.connection, [{ scheme: CHANGE_SCHEME, pattern: `**/${aboutName()}` }]),
    );
    this.terminals = this._register(new AgentTerminals(store, this.connection, memory, log));
    this.reviews = this._register(new Reviews(this.connection, store, memory));
    this.lists = this._register(new BeadLists(this._register(new BeadListWatch(store, sync)), memory));
    this.convoys = this._register(new ConvoysView(store, this.connection, this.drag));
    this._register(new BeadsView(store, this.lists, this.drag));
    this.attention = this._register(new AttentionView(store));
    this._register(this.createAgentsView());
    this._register(new ContextKeys({ store, connection: this.connection, resolver: this.resolver, lists: this.lists }));
    this._register(new StatusBar(store, this.connection));
    this._register(vscode.window.registerTerminalLinkProvider(new BeadLinks(store)));
    this.consent = new Consent({ connection: this.connection, store, dialogs, documents: this.documents });
    this.engine = new EngineReminder(store, () => this.convoys.tree.view.visible);
    this.opener = this.createOpener();
    this.commandLine = new CommandLine(context, log);
    this.formulas = this._register(this.createFormulaServer());
    this.formulaStatus = this._register(new FormulaStatus(this.formulas));
    this.commandTable = this.commands();
    this._register(
      new CommandRegistry(this.commandTable, { readers: [readChangeArgument], ready: () => this.ready(), log }),
    );
    this.links = new LinkHandler({
      store,
      convoys: this.convoys.tree,
      attention: this.attention.tree,
      ready: () => this.ready(),
      log,
    });
    this._register(vscode.window.registerUriHandler(this.links));
    this.notifications = this._register(this.createNotifications());
    this._register(
      new ReviewRequests(store, memory, ({ title, bead, mergeRequest }) =>
        this.notifications.add({ severity: 'info', text: title, bead, review: mergeRequest }),
      ),
    );
  }

  /** Resolves when the town of this window can be used. */
  ready(): Promise<void> {
    return whenReady({ connection: this.connection, store: this.store, resolver: this.resolver });
  }

  /** Slow initialisation, for which activation does not wait. */
  async start(): Promise<void> {
    setImmediate(() => this.commandLine.refresh());
    await this.resolver.refresh();
  }

  private commands(): Commands {
    const { connection, store, resolver, dialogs, consent, engine, documents, terminals, reviews, lists, log } = this;
    const { languageLog, opener } = this;
    const ready = (): Promise<void> => this.ready();
    const convoysView = this.convoys.tree.view;
    const distFolder = this.context.asAbsolutePath('dist');
    return {
      ...townCommands({ connection, store, resolver, dialogs, consent, convoysView, distFolder, ready }),
      ...engineCommands({ connection, dialogs }),
      ...serverCommands({ connection, resolver, log, languageLog, ready }),
      ...rigCommands({ connection, store, resolver, dialogs, consent }),
      ...beadCommands({ connection, store, documents, engine }),
      ...beadListCommands({ connection, store, lists, dialogs }),
      ...convoyCommands({ connection, store, dialogs, engine }),
      ...convoyChangeCommands({ connection, store, dialogs }),
      ...agentCommands({ connection, store, terminals, documents, engine }),
      ...snapshotCommands({ connection, store, dialogs }),
      ...reviewCommands({ connection, store, dialogs, reviews }),
      ...mergeCommands({ connection, store }),
      ...attentionCommands({ connection, store, opener }),
      ...consentCommands({ store, consent }),
      ...mailCommands({ connection, store, dialogs }),
      ...mayorCommands({ connection, terminals, consent, engine }),
      ...crewCommands({ connection, store, dialogs, terminals, consent }),
      ...overviewCommands({ store, connection, opener, openTerminal: (agent) => terminals.open(agent) }),
      ...linkCommands(this.context.extension.id),
      ...commandLineCommands(this.commandLine),
    };
  }

  private createConnection(): TownConnection {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    return new TownConnection({
      log: this.log,
      actor: (trusted) => personName(folder?.scheme === 'file' ? folder.fsPath : undefined, trusted),
      createClient: (streams, servesFormulas) =>
        new TownLanguageClient(streams, this.languageLog, servesFormulas ? formulaSelector : []),
      serverJs: this.testServer(),
    });
  }

  private createAgentsView(): RowTree {
    return new RowTree('gastown.agents', {
      rows: () => agentRows(this.store),
      tooltip: (target) => agentRowTooltip(this.store, target),
      onDidChange: (changed) => [this.store.onDidChange(changed)],
    });
  }

  private createOpener(): AttentionOpener {
    const { connection, store, dialogs, consent, documents, convoys, reviews, terminals } = this;
    return new AttentionOpener({
      connection,
      dialogs,
      showBead: (bead) => documents.show(bead),
      handlers: {
        consent: (item) => consent.ask(item),
        'fast-forward': (item) => fastForward({ connection, store }, item.rig ?? ''),
        review: (item) => reviews.open(item.mergeRequest ?? item.bead ?? ''),
        input: async (item) => item.agent && terminals.open(item.agent),
        mail: (item) => openMail({ connection, dialogs }, item.id),
        plan: (item) => openPlan({ dialogs, convoys }, item),
      },
    });
  }

  private createFormulaServer(): FormulaServer {
    return new FormulaServer({
      connection: this.connection,
      resolver: this.resolver,
      log: this.log,
      languageLog: this.languageLog,
      serverJs: this.testServer() ?? this.context.asAbsolutePath('dist/server.js'),
    });
  }

  private createNotifications(): Notifications {
    return new Notifications(
      this.connection,
      {
        open: async ({ convoy, bead, review }) => {
          if (review !== undefined) await vscode.commands.executeCommand('gastown.reviewChange', { change: review });
          else if (bead !== undefined) await this.documents.show(bead);
          else await this.convoys.revealConvoy(convoy);
        },
        launch: (convoy) => vscode.commands.executeCommand('gastown.launchConvoy', { convoy }),
      },
      this.log,
    );
  }

  /** Tests may use another server; normal windows never do. */
  private testServer(): string | undefined {
    const isTest = this.context.extensionMode === vscode.ExtensionMode.Test;
    return isTest ? process.env.GT_TEST_SERVER_JS : undefined;
  }
}
