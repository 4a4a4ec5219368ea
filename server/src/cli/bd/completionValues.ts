import { findLedger } from '../../beads/storage/locate';
import type { CliCommand } from '../shared/command';
import type { Candidate } from '../shared/completion/completions';
import { askRunningServer, beadsOfFile, beadsOfTown, candidates } from '../shared/completion/values';
import { townOfDirectory } from '../shared/findTown';
import type { ProcessContext } from '../shared/context';
import { namedLedger } from './openBackend';

const beadPlaces = new Set([
  'id',
  'ids',
  'depends-on',
  'ids-and-label',
  '--parent',
  '--blocks',
  '--blocked-by',
  '--depends-on',
  '--mol',
  '--id',
  '--deps',
]);
const formulaPlaces = new Set(['formula', 'name']);

/**
 * Completion values for an argument or option of `bd`: from the town's running server, or from the file of a ledger
 * outside of a town.
 */
export async function bdValues(
  { cwd, env }: ProcessContext,
  place: string,
  command: CliCommand,
  options: Readonly<Record<string, string>>,
): Promise<readonly Candidate[]> {
  const words = await fixedValues(place, command);
  if (words) return candidates(words);
  const wantsBeads = beadPlaces.has(place) && !(place === '--id' && command.name === 'create');
  if (!wantsBeads && !formulaPlaces.has(place) && place !== '--rig') return [];
  const ledger = namedLedger({ cwd, env, db: options['--db'] });
  const town = ledger === undefined ? townOfDirectory(cwd, env) : townOfDirectory(ledger, {});
  if (town === undefined) return wantsBeads ? beadsOfFile(ledger ?? findLedger(cwd) ?? '') : [];
  return askRunningServer(town, { cwd, env }, async (ask) => {
    if (wantsBeads) return beadsOfTown(ask);
    if (place === '--rig')
      return (await ask((await import('../../protocol/rig')).RigList.spec, {})).map((rig) => ({
        value: rig.id,
        text: rig.source,
      }));
    return (await ask((await import('../../protocol/formula')).FormulaList.spec, {})).map((formula) => ({
      value: formula.name,
      text: formula.description,
    }));
  });
}

/** Values that are the same in every ledger. */
async function fixedValues(place: string, command: CliCommand): Promise<readonly string[] | undefined> {
  if (place === '--priority') return ['0', '1', '2', '3', '4'];
  if (place !== '--status' && place !== '--type') return undefined;
  if (place === '--type' && command.parent?.name === 'dep')
    return (await import('../../protocol/vocabulary')).builtInDependencyTypes;
  if (place === '--type' && command.parent?.name === 'formula') return ['workflow', 'expansion', 'aspect', 'convoy'];
  const { builtInStatuses, builtInTypes } = await import('../../protocol/vocabulary');
  return place === '--status' ? builtInStatuses : builtInTypes;
}
