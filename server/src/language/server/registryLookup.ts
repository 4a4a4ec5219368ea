import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../base/errors';
import { tiersFor, type Tier } from '../../formulas/registry/files';
import { FormulaRegistry, type RegistryOptions } from '../../formulas/registry/registry';
import type { FormulaLookup } from '../document/formulaLookup';

const ENDING = '.formula.toml';

/** Adapts a registry to the language features. */
export function registryLookup(registry: FormulaRegistry): FormulaLookup {
  return {
    names: () => registry.names(),
    find: (name) => registry.find(name),
    tryFind: (name) => {
      try {
        return registry.find(name);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return undefined; // diagnostics report the reason at the reference
      }
    },
    fileNameOf: (uri) => {
      const file = fileOf(uri);
      return file?.endsWith(ENDING) ? path.basename(file, ENDING) : undefined;
    },
  };
}

/** The file of a document; undefined if it is not on disk. */
export function fileOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined; // not a valid URI of a file
  }
}

/**
 * The formulas that a document can name: those in its folder, of its checkout, the user and the town, and the built-in
 * ones.
 */
export function registryFor(
  uri: string,
  places: { home: string; town?: string },
  options: RegistryOptions,
): FormulaRegistry {
  const file = fileOf(uri);
  if (file === undefined) return new FormulaRegistry([], options);
  const directory = path.dirname(file);
  const beside: Tier = { tier: 'project', directory };
  const tiers = tiersFor({ ...places, ledger: path.join(directory, '.beads'), cwd: directory });
  return new FormulaRegistry([beside, ...tiers.filter((tier) => path.resolve(tier.directory) !== directory)], options);
}
