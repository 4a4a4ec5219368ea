import os from 'node:os';
import {
  CompletionTriggerKind,
  DiagnosticSeverity,
  DidChangeWatchedFilesNotification,
  LSPErrorCodes,
  ResponseError,
  TextDocuments,
  TextDocumentSyncKind,
  type CancellationToken,
  type Connection,
  type Diagnostic,
  type InitializeParams,
  type ServerCapabilities,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { UserError, messageOf } from '../../base/errors';
import type { JobRunner } from '../../base/jobs/messages';
import { limits, tooLargeText } from '../../formulas/limits';
import type { LanguageJob, LanguageRequest, OpenDocument } from './languageJobs';

/** Delay after the last key before diagnostics are pushed to editors that do not request them. */
const PUSH_DELAY_MS = 200;

export const formulaCapabilities: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  diagnosticProvider: { identifier: 'gastown', interFileDependencies: true, workspaceDiagnostics: false },
  completionProvider: { triggerCharacters: ['"', "'", '{', '[', '(', '=', '.', ' '] },
  hoverProvider: true,
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
};

export interface FormulaLanguageOptions {
  /** Runs the features, in a worker. */
  jobs: JobRunner;
  /** The root of the town whose formulas can be named. */
  town?: string;
}

/** Maximum number of characters of other open documents in one request; for the rest their files are used. */
const MAX_OTHER_CHARS = 4_000_000;

/** Features that depend on other formulas. */
const needsOthers: ReadonlySet<LanguageRequest['feature']> = new Set(['diagnostics', 'completion', 'hover']);

/** The language features for the documents that are open in one window, with their unsaved text. */
export class FormulaLanguage {
  private readonly documents = new TextDocuments(TextDocument);
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private snippets = false;
  private pullsDiagnostics = false;
  private supportsRefresh = false;
  private supportsWatching = false;

  constructor(
    private readonly connection: Connection,
    private readonly options: FormulaLanguageOptions,
  ) {
    this.documents.onDidClose(({ document }) => this.forget(document.uri));
    this.documents.onDidChangeContent(({ document }) => this.pushSoon(document.uri));
    this.register();
    this.documents.listen(connection);
  }

  initialize({ capabilities }: InitializeParams): ServerCapabilities {
    this.snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport ?? false;
    this.pullsDiagnostics = capabilities.textDocument?.diagnostic !== undefined;
    this.supportsRefresh = capabilities.workspace?.diagnostics?.refreshSupport ?? false;
    this.supportsWatching = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false;
    return formulaCapabilities;
  }

  private register(): void {
    const { connection } = this;
    connection.onInitialized(() => {
      if (this.supportsWatching)
        void connection.client
          .register(DidChangeWatchedFilesNotification.type, { watchers: [{ globPattern: '**/*.formula.{toml,json}' }] })
          .catch((error: unknown) => this.log(`formulas are not watched: ${messageOf(error)}`));
    });
    // A formula may extend one that an agent or git has just written.
    connection.onDidChangeWatchedFiles(() => {
      if (this.pullsDiagnostics && this.supportsRefresh) this.refresh();
      else for (const document of this.documents.all()) this.pushSoon(document.uri);
    });
    connection.languages.diagnostics.on(async ({ textDocument }, token) => ({
      kind: 'full',
      items: await this.diagnostics(textDocument.uri, token),
    }));
    connection.onCompletion(({ textDocument, position, context }, token) => {
      const triggered = context?.triggerKind === CompletionTriggerKind.TriggerCharacter;
      const { snippets } = this;
      return this.answer(textDocument.uri, token, [], { feature: 'completion', position, snippets, triggered });
    });
    connection.onHover(({ textDocument, position }, token) =>
      this.answer(textDocument.uri, token, null, { feature: 'hover', position }),
    );
    connection.onDocumentSymbol(({ textDocument }, token) =>
      this.answer(textDocument.uri, token, [], { feature: 'documentSymbols' }),
    );
    connection.onFoldingRanges(({ textDocument }, token) =>
      this.answer(textDocument.uri, token, [], { feature: 'foldingRanges' }),
    );
    connection.onDefinition(({ textDocument, position }, token) =>
      this.answer(textDocument.uri, token, [], { feature: 'definition', position }),
    );
    connection.onReferences(({ textDocument, position, context }, token) =>
      this.answer(textDocument.uri, token, [], {
        feature: 'references',
        position,
        withDeclaration: context.includeDeclaration,
      }),
    );
    connection.onDocumentHighlight(({ textDocument, position }, token) =>
      this.answer(textDocument.uri, token, [], { feature: 'highlights', position }),
    );
    connection.onPrepareRename(({ textDocument, position }, token) =>
      this.answer(textDocument.uri, token, null, { feature: 'prepareRename', position }),
    );
    connection.onRenameRequest(({ textDocument, position, newName }, token) =>
      this.answer(textDocument.uri, token, null, { feature: 'rename', position, name: newName }),
    );
  }

  // ---------------------------------------------------------------- answers

  /** Runs a feature. @param nothing the answer if the document does not exist or cannot be read */
  private async answer<T>(uri: string, token: CancellationToken, nothing: T, request: LanguageRequest): Promise<T> {
    try {
      return (await this.ask<T>(uri, request, token)) ?? nothing;
    } catch (error) {
      if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
      const isRename = request.feature === 'rename' || request.feature === 'prepareRename';
      if (isRename && error instanceof UserError) throw new ResponseError(LSPErrorCodes.RequestFailed, error.message);
      this.log(`${request.feature} of ${uri}: ${messageOf(error)}`);
      return nothing;
    }
  }

  /** The problems of a document, including that it cannot be checked. */
  private async diagnostics(uri: string, token?: CancellationToken): Promise<Diagnostic[]> {
    try {
      return (await this.ask<Diagnostic[]>(uri, { feature: 'diagnostics' }, token)) ?? [];
    } catch (error) {
      if (token?.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
      this.log(`diagnostics of ${uri}: ${messageOf(error)}`);
      return error instanceof UserError ? [firstLineDiagnostic(error.message)] : [];
    }
  }

  /** Runs a job. @throws UserError if the text is too large, or the job was stopped */
  private async ask<T>(uri: string, request: LanguageRequest, token?: CancellationToken): Promise<T | undefined> {
    const document = this.open(uri);
    if (!document) return undefined;
    if (document.text.length > limits.fileBytes) throw new UserError(tooLargeText(document.text.length));
    const controller = new AbortController();
    // A token that was cancelled earlier fires no event.
    if (token?.isCancellationRequested) controller.abort();
    const listener = token?.onCancellationRequested(() => controller.abort());
    try {
      return await this.options.jobs.run<T>(this.job(document, request), controller.signal);
    } finally {
      listener?.dispose();
    }
  }

  private job(document: OpenDocument, request: LanguageRequest): LanguageJob {
    const { town } = this.options;
    const others = needsOthers.has(request.feature) ? this.others(document.uri) : [];
    return { kind: 'language', document, others, home: os.homedir(), request, ...(town === undefined ? {} : { town }) };
  }

  private open(uri: string): OpenDocument | undefined {
    const document = this.documents.get(uri);
    return document && { uri, text: document.getText() };
  }

  private others(uri: string): OpenDocument[] {
    const others: OpenDocument[] = [];
    let chars = 0;
    for (const document of this.documents.all()) {
      const text = document.getText();
      if (document.uri === uri || text.length > limits.fileBytes) continue;
      chars += text.length;
      if (chars > MAX_OTHER_CHARS) break;
      others.push({ uri: document.uri, text });
    }
    return others;
  }

  // ---------------------------------------------------------------- editors without pull diagnostics

  private pushSoon(uri: string): void {
    if (this.pullsDiagnostics) return;
    clearTimeout(this.timers.get(uri));
    this.timers.set(
      uri,
      setTimeout(() => {
        this.timers.delete(uri);
        this.push(uri).catch((error: unknown) => this.log(`diagnostics of ${uri}: ${messageOf(error)}`));
      }, PUSH_DELAY_MS),
    );
  }

  private async push(uri: string): Promise<void> {
    const version = this.documents.get(uri)?.version;
    if (version === undefined) return;
    const diagnostics = await this.diagnostics(uri);
    // A text that has changed meanwhile gets new diagnostics.
    if (this.documents.get(uri)?.version === version)
      await this.connection.sendDiagnostics({ uri, version, diagnostics });
  }

  private refresh(): void {
    void this.connection.languages.diagnostics
      .refresh()
      .catch((error: unknown) => this.log(`diagnostics are not refreshed: ${messageOf(error)}`));
  }

  private forget(uri: string): void {
    clearTimeout(this.timers.get(uri));
    this.timers.delete(uri);
    if (!this.pullsDiagnostics)
      void this.connection
        .sendDiagnostics({ uri, diagnostics: [] })
        .catch((error: unknown) => this.log(`diagnostics of ${uri}: ${messageOf(error)}`));
  }

  private log(text: string): void {
    try {
      this.connection.console.error(text);
    } catch {
      // The connection is closed: the log of this window is no longer read.
    }
  }
}

/** A diagnostic on the first line, for a document that cannot be checked. */
function firstLineDiagnostic(message: string): Diagnostic {
  return {
    source: 'Gas Town',
    code: 'not-checked',
    severity: DiagnosticSeverity.Error,
    message,
    range: { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } },
  };
}
