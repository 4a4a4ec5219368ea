import * as vscode from 'vscode';
import { setTranslator } from './base/l10n';
import { Commands } from './ui/commands';
import type { Services } from './ui/command';
import { whenReady } from './state/whenReady';
import { BeadDocuments } from './features/beads/beadDocuments';
import { FormulaServer } from './features/formulas/formulaServer';
import { FormulaStatus } from './features/formulas/formulaStatus';
import { BeadLists } from './features/beads/beadLists';
import { TownStore } from './state/townStore';
import { TownSync } from './state/townSync';
import { ReviewRequests } from './features/review/reviewRequests';
import { Reviews } from './features/review/reviews';
import { LinkHandler } from './features/links/linkHandler';
import { personName } from './connection/gitFacts';
import { TownConnection } from './connection/townConnection';
import { TownResolver } from './connection/townResolver';
import { CommandLine } from './features/commandLine/commandLine';
import { StatusBar } from './features/overview/statusBar';
import { AgentTerminals } from './features/agents/terminals/agentTerminals';
import { BeadLinks } from './features/agents/terminals/beadLinks';
import { Dialogs } from './ui/dialogs';
import { showError } from './ui/errors';
import { Notifications } from './ui/notifications';
import { Views } from './features/views';

/** What `activate` returns, for tests. */
export interface GasTownApi extends Services {
  readonly notices: Notifications;
  readonly formulas: FormulaServer;
  readonly formulaStatus: FormulaStatus;
  readonly links: LinkHandler;
  /** Settles when the town of this window answers. */
  ready(): Promise<void>;
  /** How long `activate` took, for the benchmark. */
  readonly activationMs: number;
}

/** Builds the services and returns; everything that takes time goes on by itself. */
export function activate(context: vscode.ExtensionContext): GasTownApi | undefined {
  const log = vscode.window.createOutputChannel('Gas Town', { log: true });
  const languageLog = vscode.window.createOutputChannel('Gas Town Language Server', { log: true });
  context.subscriptions.push(log, languageLog);
  try {
    setTranslator((message, ...args) => vscode.l10n.t(message, ...args));
    return build(context, log, languageLog);
  } catch (error) {
    void showError(error, log);
    return undefined;
  }
}

function build(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  languageLog: vscode.LogOutputChannel,
): GasTownApi {
  const begun = performance.now();
  const own = <T extends vscode.Disposable>(service: T): T => {
    context.subscriptions.push(service);
    return service;
  };
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const connection = own(
    new TownConnection({
      log,
      languageLog,
      actor: (trusted) => personName(folder?.scheme === 'file' ? folder.fsPath : undefined, trusted),
      serverJs: testServer(context),
    }),
  );
  const store = own(new TownStore());
  const sync = own(new TownSync(store, connection, log));
  let shown: string | undefined;
  own(
    connection.onDidChangeState((state) => {
      const root = 'root' in state ? state.root : undefined;
      if (root !== shown) store.clear();
      shown = root;
      if (state.kind === 'ready') void sync.reload();
    }),
  );
  const town = own(new TownResolver(connection, context.workspaceState, log));
  const board = own(new BeadLists(store, connection, context.workspaceState, log));
  const services: Services = {
    log,
    languageLog,
    store,
    board,
    connection,
    town,
    dialogs: new Dialogs(),
    views: own(new Views(store, board, connection, town)),
    terminals: own(new AgentTerminals(store, connection, context.workspaceState, log)),
    documents: own(new BeadDocuments(connection)),
    reviews: own(new Reviews(connection, context.workspaceState)),
    distFolder: context.asAbsolutePath('dist'),
    commandLine: new CommandLine(context, log),
    extensionId: context.extension.id,
  };
  own(new StatusBar(store, connection));
  const formulas = own(
    new FormulaServer({
      connection,
      town,
      log,
      languageLog,
      serverJs: testServer(context) ?? context.asAbsolutePath('dist/server.js'),
    }),
  );
  const formulaStatus = own(new FormulaStatus(formulas));
  own(vscode.window.registerTerminalLinkProvider(new BeadLinks(store)));
  own(new Commands(services));
  const links = new LinkHandler(services);
  own(vscode.window.registerUriHandler(links));
  const notices = own(
    new Notifications(
      connection,
      async ({ convoy, bead, review }) => {
        if (review !== undefined) await vscode.commands.executeCommand('gastown.reviewChange', { change: review });
        else if (bead !== undefined) await services.documents.show(bead);
        else if (convoy === undefined || !(await services.views.convoys.reveal(`convoy:${convoy}`)))
          await vscode.commands.executeCommand('gastown.convoys.focus');
      },
      (convoy) => vscode.commands.executeCommand('gastown.launchConvoy', { convoy }),
    ),
  );
  own(
    new ReviewRequests(store, context.workspaceState, ({ title, bead, mergeRequest }) =>
      notices.add({ severity: 'info', text: title, bead, review: mergeRequest }),
    ),
  );
  // Not now: activation waits for nothing on the disk that can be done after it.
  setImmediate(() => services.commandLine.refresh());
  town.refresh().catch((error: unknown) => void showError(error, log));
  return {
    ...services,
    notices,
    formulas,
    formulaStatus,
    links,
    ready: () => whenReady(services),
    activationMs: performance.now() - begun,
  };
}

/** Tests may bring a server of their own; a window of a person never does. */
function testServer(context: vscode.ExtensionContext): string | undefined {
  return context.extensionMode === vscode.ExtensionMode.Test ? process.env.GT_TEST_SERVER_JS : undefined;
}
