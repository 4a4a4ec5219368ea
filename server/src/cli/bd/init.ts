import path from 'node:path';
import { UserError } from '../../base/errors';
import type { CliCommand, Invocation } from '../shared/command';
import { townOfDirectory } from '../shared/findTown';
import type { BdContext, GlobalOptions } from './context';

const MAX_PREFIX = 40;

export function addInit(program: CliCommand, context: BdContext): void {
  program
    .command('init')
    .description('create a ledger in this folder')
    .option('-p, --prefix <prefix>', 'prefix of ids (default: the name of the folder)')
    .withHelp({
      text: 'Creates .beads with an empty issues.jsonl, to be committed to git. An existing ledger is left as it is.',
      examples: [
        ['bd init', 'named after the folder'],
        ['bd init --prefix app', 'ids are app-…'],
      ],
      see: ['bd create', 'gt rig add'],
    })
    .action(async (options: { prefix?: string }, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const named = (invocation.options as GlobalOptions).db ?? env.BEADS_DIR;
      const directory = named ? path.resolve(cwd, named) : path.join(cwd, '.beads');
      if (townOfDirectory(path.dirname(directory), {}))
        throw new UserError('this folder belongs to a town; its rigs have ledgers', 'Add a rig with gt rig add.');
      const value = await createLedger(directory, options.prefix);
      const done = value.created ? 'Created' : 'Found';
      context.print(
        invocation,
        value,
        () => `${context.paint('green', '✓')} ${done} a ledger with prefix ${value.prefix}- in ${directory}`,
      );
    });
}

async function createLedger(directory: string, wanted: string | undefined) {
  const [{ initLedger }, { readLedgerConfig }, { realFs }] = await Promise.all([
    import('../../beads/storage/init'),
    import('../../beads/storage/ledgerConfig'),
    import('../../beads/storage/ledgerFs'),
  ]);
  const existing = readLedgerConfig(realFs, directory).prefix;
  const prefix = wanted ?? existing ?? prefixOfFolder(path.basename(path.dirname(directory)));
  initLedger(directory, prefix);
  return { prefix: prefix.replace(/-+$/, ''), directory, created: existing === undefined };
}

/** The folder's name; characters that an id cannot have become hyphens. */
function prefixOfFolder(name: string): string {
  const prefix = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_PREFIX);
  return prefix || 'bd';
}
