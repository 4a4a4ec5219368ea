import os from 'node:os';
import path from 'node:path';
import {
  CompletionTriggerKind,
  DidChangeWatchedFilesNotification,
  LSPErrorCodes,
  ResponseError,
  TextDocuments,
  TextDocumentSyncKind,
  type CancellationToken,
  type Connection,
  type InitializeParams,
  type ServerCapabilities,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Position } from 'vscode-languageserver-types';
import { diskFiles, type FormulaFiles, type ParseCache } from '../../formulas/registry/registry';
import { completion } from '../features/completion';
import { MAX_TEXT, tooLarge } from '../../formulas/load/parse';
import type { Problem } from '../../formulas/model';
import { diagnostics, singleDiagnostic } from '../features/diagnostics';
import { documentSymbols } from '../features/documentSymbols';
import { foldingRanges } from '../features/folding';
import { FormulaDocument } from '../document/formulaDocument';
import { indexOf, type FormulaIndex } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulas';
import { hover } from '../features/hover';
import { definition, highlights, prepareRename, references, rename, RenameRefused } from '../features/navigation';
import type { DocumentPosition } from '../document/symbolAt';
import { fileOf, formulasFor } from './formulaLibrary';

/** Those who do not ask for diagnostics are told when the typing pauses. */
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

interface AnalysedDocument {
  version: number;
  document: FormulaDocument;
  index: FormulaIndex;
  /** Why its text was not read. */
  unread?: Problem;
}

/** The language features for the documents that one window has open, with their unsaved text. */
export class FormulaLanguage {
  private readonly documents = new TextDocuments(TextDocument);
  private readonly analysed = new Map<string, AnalysedDocument>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly parsed: ParseCache = new Map();
  private snippets = false;
  private pullsDiagnostics = false;
  private supportsRefresh = false;
  private supportsWatching = false;

  constructor(
    private readonly connection: Connection,
    private readonly town: string | undefined,
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
          .catch(() => undefined);
    });
    // A formula may extend one that an agent or git has just written.
    connection.onDidChangeWatchedFiles(() => {
      if (this.pullsDiagnostics && this.supportsRefresh)
        void connection.languages.diagnostics.refresh().catch(() => undefined);
      else for (const document of this.documents.all()) this.pushSoon(document.uri);
    });
    connection.languages.diagnostics.on(async ({ textDocument }, token) => ({
      kind: 'full',
      items: await this.answer(textDocument.uri, token, [], (looked) => this.problems(looked)),
    }));
    connection.onCompletion(({ textDocument, position, context }, token) =>
      this.at(textDocument.uri, position, token, [], (place) =>
        completion(place, {
          formulas: this.formulas(textDocument.uri),
          snippets: this.snippets,
          triggered: context?.triggerKind === CompletionTriggerKind.TriggerCharacter,
        }),
      ),
    );
    connection.onHover(({ textDocument, position }, token) =>
      this.at(
        textDocument.uri,
        position,
        token,
        null,
        (place) => hover(place, this.formulas(textDocument.uri)) ?? null,
      ),
    );
    connection.onDocumentSymbol(({ textDocument }, token) =>
      this.answer(textDocument.uri, token, [], ({ document, index }) => documentSymbols(document, index)),
    );
    connection.onFoldingRanges(({ textDocument }, token) =>
      this.answer(textDocument.uri, token, [], ({ document }) => foldingRanges(document)),
    );
    connection.onDefinition(({ textDocument, position }, token) =>
      this.at(textDocument.uri, position, token, [], definition),
    );
    connection.onReferences(({ textDocument, position, context }, token) =>
      this.at(textDocument.uri, position, token, [], (place) => references(place, context.includeDeclaration)),
    );
    connection.onDocumentHighlight(({ textDocument, position }, token) =>
      this.at(textDocument.uri, position, token, [], highlights),
    );
    connection.onPrepareRename(({ textDocument, position }, token) =>
      this.at(textDocument.uri, position, token, null, prepareRename),
    );
    connection.onRenameRequest(({ textDocument, position, newName }, token) =>
      this.at(textDocument.uri, position, token, null, (place) => rename(place, newName)),
    );
  }

  // ---------------------------------------------------------------- answers

  private at<T>(
    uri: string,
    position: Position,
    token: CancellationToken,
    nothing: T,
    look: (place: DocumentPosition) => T,
  ): Promise<T> {
    return this.answer(uri, token, nothing, ({ document, index }) =>
      look({ document, index, offset: document.offsetAt(position) }),
    );
  }

  /** Lets a cancellation that came along with the request be heard first: reading a long text again would be in vain. */
  private async answer<T>(
    uri: string,
    token: CancellationToken,
    nothing: T,
    look: (looked: AnalysedDocument) => T,
  ): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
    return this.safely(uri, nothing, look);
  }

  /** One text that we cannot read must not end what serves a whole town. */
  private safely<T>(uri: string, nothing: T, look: (looked: AnalysedDocument) => T): T {
    try {
      const looked = this.analyse(uri);
      return looked ? look(looked) : nothing;
    } catch (error) {
      if (error instanceof RenameRefused) throw new ResponseError(LSPErrorCodes.RequestFailed, error.message);
      this.connection.console.error(
        `${uri}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      return nothing;
    }
  }

  private analyse(uri: string): AnalysedDocument | undefined {
    const text = this.documents.get(uri);
    if (!text) return undefined;
    const known = this.analysed.get(uri);
    if (known?.version === text.version) return known;
    const whole = text.getText();
    const unread = whole.length > MAX_TEXT ? tooLarge(whole) : undefined;
    const document = new FormulaDocument(uri, unread ? '' : whole);
    const made = { version: text.version, document, index: indexOf(document), ...(unread ? { unread } : {}) };
    this.analysed.set(uri, made);
    return made;
  }

  private problems({ document, index, unread }: AnalysedDocument) {
    if (unread) return singleDiagnostic(unread);
    return diagnostics(document, index, this.formulas(document.uri));
  }

  private formulas(uri: string): FormulaLookup {
    return formulasFor(uri, { files: this.files(), parsed: this.parsed, home: os.homedir(), town: this.town });
  }

  /** What is open in this window counts as it is there, saved or not. */
  private files(): FormulaFiles {
    const open = new Map(
      this.documents.all().flatMap((document): [string, TextDocument][] => {
        const file = fileOf(document.uri);
        return file === undefined ? [] : [[file, document]];
      }),
    );
    return {
      list: (directory) => [
        ...new Set([
          ...diskFiles.list(directory),
          ...[...open.keys()].filter((file) => path.dirname(file) === directory).map((file) => path.basename(file)),
        ]),
      ],
      read: (file) => open.get(file)?.getText() ?? diskFiles.read(file),
    };
  }

  // ---------------------------------------------------------------- editors that do not ask

  private pushSoon(uri: string): void {
    if (this.pullsDiagnostics) return;
    clearTimeout(this.timers.get(uri));
    this.timers.set(
      uri,
      setTimeout(() => {
        this.timers.delete(uri);
        this.safely(uri, undefined, (looked) => {
          void this.connection
            .sendDiagnostics({ uri, version: looked.version, diagnostics: this.problems(looked) })
            .catch(() => undefined);
        });
      }, PUSH_DELAY_MS),
    );
  }

  private forget(uri: string): void {
    clearTimeout(this.timers.get(uri));
    this.timers.delete(uri);
    this.analysed.delete(uri);
    if (!this.pullsDiagnostics) void this.connection.sendDiagnostics({ uri, diagnostics: [] }).catch(() => undefined);
  }
}
