import path from 'node:path';
import { UserError } from '../../base/errors';
import { writeFileAtomic } from '../../base/safeFiles';
import { type ImportResult } from '../../protocol/bead';
import {
  LedgerDatabase,
  LedgerExport,
  LedgerFlush,
  LedgerImport,
  LedgerImportPart,
  LedgerMerge,
} from '../../protocol/ledger';
import { forgetDecoded, type Stored } from '../storage/codec';
import type { BeadService } from './common';
import { keepLocal } from '../storage/localMetadata';
import { areDifferentBeads, mergeBeads } from '../merge/merge';
import type { Transaction } from '../store';
import { compareTimes } from '../model/time';
import { mergeVersion } from '../sync/mergeVersion';
import { checkFilter } from './checkFilter';
import { batchUnless, metaOf, resolveOne } from './common';
import { chosenBeads } from './importChoices';
import { ImportParts } from './importParts';
import { withOwnPrefix } from './foreignPrefix';

export function registerFileHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(LedgerExport.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    checkFilter(service, context, { ...params, ledger });
    const { ledger: _named, status, ...conditions } = params;
    if (Object.values(conditions).every((value) => value === undefined)) return store.exportText(ledger, status);
    const parent = params.parent === undefined ? {} : { parent: resolveOne(service, context, params.parent, ledger) };
    const chosen = store.list({ limit: 0, ...params, ...parent, ledger, all: true });
    return store.exportText(ledger, undefined, new Set(chosen.map(({ id }) => id)));
  });
  dispatcher.on(LedgerFlush.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    await store.refresh();
    if (!params.importOnly) await store.checkpoint();
    return { file: store.fileOf(ledger), issues: store.stats(ledger).summary.total_issues };
  });
  dispatcher.on(LedgerDatabase.spec, async (params, context) => {
    const file = path.join(store.directoryOf(service.ledgerFor(context, params.ledger)), 'beads.db');
    writeFileAtomic(file, store.exportDatabase());
    return { file };
  });
  const parts = new ImportParts();
  dispatcher.on(LedgerImportPart.spec, async (params, context) => {
    parts.add(context, params);
    return null;
  });
  dispatcher.on(LedgerMerge.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    const [base, theirs] = (['base', 'theirs'] as const).map((side) =>
      parts.finish(context, params.uploads?.[side], params[side]),
    );
    return store.batch(metaOf(context), (tx) =>
      mergeVersion(tx, ledger, base?.beads ?? new Map(), theirs?.beads ?? new Map()),
    );
  });
  dispatcher.on(LedgerImport.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    const text = parts.finish(context, params.upload, params.text);
    const broken = text.problems.filter((problem) => !problem.reason.startsWith('duplicate'));
    if (broken.length > 0 && !params.skipBroken) {
      const shown = broken
        .slice(0, 3)
        .map((problem) => `line ${problem.line}: ${problem.reason}`)
        .join('; ');
      throw new UserError(`cannot import: ${broken.length} line(s) are not beads (${shown})`, 'Nothing was imported.');
    }
    const foreign = [...text.beads.keys()].filter((id) => store.ledgerOf(id) !== ledger);
    if (!params.ownPrefix) refuseForeignPrefixes(store.prefixOf(ledger) ?? '', foreign);
    const own = { prefix: store.prefixOf(ledger) ?? '', get: (id: string) => store.get(id) };
    const beads = foreign.length > 0 ? withOwnPrefix(text.beads, foreign, own) : text.beads;
    const problems = broken.map(({ line, reason }) => ({ line, reason }));
    const chosen = chosenBeads(beads, params, {
      has: (id) => store.get(id) !== undefined,
      withReference: (reference) =>
        store.list({ externalContains: reference, all: true, limit: 0 }).find((bead) => bead.external_ref === reference)
          ?.id,
      openTitles: () => store.list({ ledger, limit: 0 }).map((bead) => bead.title),
    });
    return batchUnless(params.dryRun, store, context, (tx) => {
      const isNew = ([id]: [string, Stored]): boolean => !params.skipExisting || tx.view.locate(id) === undefined;
      const fresh = new Map([...chosen.beads].filter(isNew));
      const known = [...chosen.beads.keys()].filter((id) => !fresh.has(id));
      const result = importBeads(tx, ledger, fresh);
      return { ...result, skipped: [...chosen.skipped, ...known, ...result.skipped], problems };
    });
  });
}

function refuseForeignPrefixes(prefix: string, foreign: readonly string[]): void {
  if (foreign.length === 0) return;
  const prefixes = [...new Set(foreign.map((id) => id.slice(0, id.indexOf('-') + 1)))].sort();
  throw new UserError(
    `Prefix Mismatch Detected: database uses '${prefix}-' but found issues with prefixes: [${prefixes.join(' ')}] (use --rename-on-import to automatically fix)`,
  );
}

/** Imports beads by a merge without a base: the newer value of each field wins, and beads of only one side are kept. */
export function importBeads(tx: Transaction, ledger: string, incoming: ReadonlyMap<string, Stored>): ImportResult {
  const result: ImportResult = { created: [], updated: [], unchanged: 0, skipped: [], problems: [] };
  const ours = new Map<string, Stored>();
  const theirs = new Map<string, Stored>();
  for (const [id, stored] of incoming) {
    const own = tx.view.locate(id);
    if (
      own &&
      own.bead.status !== 'tombstone' &&
      !areDifferentBeads(own.bead, stored.bead) &&
      compareTimes(stored.bead.updated_at, own.bead.updated_at) < 0
    ) {
      result.unchanged++; // the imported one is older
      continue;
    }
    theirs.set(id, stored);
    if (own) ours.set(id, own);
  }
  for (const [id, incomingMerged] of mergeBeads(new Map(), ours, theirs, tx.now)) {
    const own = tx.view.locate(id);
    const merged = keepLocal(incomingMerged, own);
    if (own?.text === merged.text) {
      if (own.bead.status === 'tombstone' && theirs.get(id)?.bead.status !== 'tombstone') result.skipped.push(id);
      else result.unchanged++;
      continue;
    }
    tx.replace(ledger, merged);
    forgetDecoded(merged);
    (own ? result.updated : result.created).push(id);
  }
  return result;
}
