import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  FormulaRegistry,
  tiersFor,
  type FormulaFiles,
  type ParseCache,
  type Tier,
} from '../../formulas/registry/registry';
import type { FormulaLookup } from '../document/formulas';

const ending = '.formula.toml';

/** What a library of formulas is to the language features. */
export function formulasOf(library: FormulaRegistry): FormulaLookup {
  return {
    names: () => library.names(),
    find: (name) => library.find(name),
    tryFind: (name) => {
      try {
        return library.find(name);
      } catch {
        return undefined; // it is told where it is named
      }
    },
    fileNameOf: (uri) => {
      const file = fileOf(uri);
      return file?.endsWith(ending) ? path.basename(file, ending) : undefined;
    },
  };
}

/** The file of a document; undefined for one that is on no disk. */
export function fileOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}

/** The formulas that a document can name: those beside it, those of its checkout, the person and the town, and the built-in ones. */
export function formulasFor(
  uri: string,
  options: { files: FormulaFiles; parsed: ParseCache; home: string; town: string | undefined },
): FormulaLookup {
  const file = fileOf(uri);
  const directory = file === undefined ? undefined : path.dirname(file);
  const beside: Tier[] = directory === undefined ? [] : [{ tier: 'project', directory }];
  const tiers =
    directory === undefined
      ? []
      : tiersFor({ ledger: path.join(directory, '.beads'), cwd: directory, home: options.home, town: options.town });
  return formulasOf(
    new FormulaRegistry(
      [...beside, ...tiers.filter((tier) => path.resolve(tier.directory) !== directory)],
      options.files,
      options.parsed,
    ),
  );
}
