import path from 'node:path';
import type { Position } from 'vscode-languageserver-types';
import type { OnText } from '../../base/jobs/serveJobs';
import { diskFiles, type FormulaFiles } from '../../formulas/registry/files';
import type { ParseCache } from '../../formulas/registry/parseCache';
import { FormulaDocument } from '../document/formulaDocument';
import { indexOf, type FormulaIndex } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulaLookup';
import type { DocumentPosition } from '../document/symbolAt';
import { completion } from '../features/completion/completion';
import { diagnostics } from '../features/diagnostics';
import { documentSymbols } from '../features/documentSymbols';
import { foldingRanges } from '../features/folding';
import { hover } from '../features/hover';
import { definition, highlights, references } from '../features/navigation';
import { prepareRename, rename } from '../features/rename';
import { fileOf, registryFor, registryLookup } from './registryLookup';

/** A document in an editor, saved or not. */
export interface OpenDocument {
  uri: string;
  text: string;
}

/** A request of an editor about one document. */
export type LanguageRequest =
  | { feature: 'diagnostics' | 'documentSymbols' | 'foldingRanges' }
  | { feature: 'hover' | 'definition' | 'highlights' | 'prepareRename'; position: Position }
  | { feature: 'references'; position: Position; withDeclaration: boolean }
  | { feature: 'rename'; position: Position; name: string }
  | { feature: 'completion'; position: Position; snippets: boolean; triggered: boolean };

/** A request with everything that its answer depends on, except files on disk. Plain data. */
export interface LanguageJob {
  kind: 'language';
  document: OpenDocument;
  /** Other open documents of the same window: their unsaved text replaces the files. */
  others: readonly OpenDocument[];
  home: string;
  town?: string;
  request: LanguageRequest;
}

interface AnalysedDocument {
  document: FormulaDocument;
  index: FormulaIndex;
}

/** Answers requests about documents, in the worker. */
export class LanguageJobs {
  private readonly analysed = new Map<string, AnalysedDocument>();

  /** @param cache of the other formulas, shared with cooking */
  constructor(private readonly cache: ParseCache) {}

  /** @throws UserError for an invalid new name, or a text whose job exceeded a limit before */
  run(job: LanguageJob, onText: OnText): unknown {
    const { uri, text } = job.document;
    onText(fileOf(uri) ?? uri, text);
    const { document, index } = this.analyse(uri, text);
    const lookup = (): FormulaLookup =>
      registryLookup(registryFor(uri, job, { files: filesOf(job), cache: this.cache, onText }));
    const { request } = job;
    const at = (position: Position): DocumentPosition => ({ document, index, offset: document.offsetAt(position) });
    switch (request.feature) {
      case 'diagnostics':
        return diagnostics(document, index, lookup());
      case 'documentSymbols':
        return documentSymbols(document, index);
      case 'foldingRanges':
        return foldingRanges(document);
      case 'completion':
        return completion(at(request.position), { ...request, formulas: lookup() });
      case 'hover':
        return hover(at(request.position), lookup()) ?? null;
      case 'definition':
        return definition(at(request.position));
      case 'references':
        return references(at(request.position), request.withDeclaration);
      case 'highlights':
        return highlights(at(request.position));
      case 'prepareRename':
        return prepareRename(at(request.position));
      case 'rename':
        return rename(at(request.position), request.name);
    }
  }

  /** The last few documents are cached: editors send several requests for the same text. */
  private analyse(uri: string, text: string): AnalysedDocument {
    const known = this.analysed.get(uri);
    if (known?.document.text === text) return known;
    this.analysed.delete(uri);
    let chars = text.length;
    for (const { document } of this.analysed.values()) chars += document.text.length;
    for (const [oldest, { document }] of this.analysed) {
      if (chars <= MAX_ANALYSED_CHARS) break;
      this.analysed.delete(oldest);
      chars -= document.text.length;
    }
    const document = new FormulaDocument(uri, text);
    const made = { document, index: indexOf(document) };
    this.analysed.set(uri, made);
    return made;
  }
}

/**
 * Maximum number of characters of the cached documents. A syntax tree takes up to two hundred times the memory of its
 * text.
 */
const MAX_ANALYSED_CHARS = 500_000;

/** Access to files in which open documents replace those on disk. */
function filesOf({ document, others }: LanguageJob): FormulaFiles {
  const open = new Map(
    [...others, document].flatMap(({ uri, text }): [string, string][] => {
      const file = fileOf(uri);
      return file === undefined ? [] : [[file, text]];
    }),
  );
  return {
    list: (directory) => [
      ...new Set([
        ...diskFiles.list(directory),
        ...[...open.keys()].filter((file) => path.dirname(file) === directory).map((file) => path.basename(file)),
      ]),
    ],
    read: (file) => open.get(file) ?? diskFiles.read(file),
  };
}
