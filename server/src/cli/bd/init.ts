import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { isPresent } from '../../base/safePaths';
import type { CliCommand, Invocation } from '../shared/command';
import { townOfDirectory } from '../shared/findTown';
import { gitOutput } from '../shared/gitOutput';
import type { BdContext, GlobalOptions } from './context';
import { installMergeDriver } from './mergeDriver';
import { oneOf } from './options';

const MAX_PREFIX = 40;

interface InitOptions {
  prefix?: string;
  branch?: string;
  stealth?: boolean;
  force?: boolean;
  skipMergeDriver?: boolean;
}

export function addInit(program: CliCommand, context: BdContext): void {
  const command = program
    .command('init')
    .description('create a ledger in this folder')
    .option(
      '-p, --prefix <prefix>',
      'prefix of ids (default: that of the beads in .beads, else the name of the folder)',
    )
    .option('-b, --branch <name>', 'branch for the ledger, kept as the setting sync-branch')
    .option('--stealth', 'keep the ledger out of git: for a repository that is not yours')
    .option('--force', 'complete an existing ledger')
    .option('--skip-merge-driver', 'do not configure git to merge the file');
  for (const flag of [
    '--contributor',
    '--from-jsonl',
    '--setup-exclude',
    '--skip-hooks',
    '--team',
    '--non-interactive',
  ])
    command.option(flag, 'accepted, has no effect');
  command
    .option('--backend <name>', 'accepted, has no effect: there is one store', (text: string) =>
      oneOf(text, ['jsonl', 'sqlite', 'dolt'], 'backend'),
    )
    .withHelp({
      text: 'Creates .beads with an empty issues.jsonl, to be committed to git, and configures git to merge that file with "bd merge". In a clone that has the files it sets up the ledger.',
      examples: [
        ['bd init', 'named after the folder'],
        ['bd init --prefix app', 'ids are app-…'],
      ],
      exits: { 1: 'there is a ledger already' },
      see: ['bd create', 'gt rig add'],
    })
    .action(async (options: InitOptions, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const { db, quiet } = invocation.options as GlobalOptions;
      const named = db ?? env.BEADS_DIR;
      const directory = named ? path.resolve(cwd, named) : path.join(cwd, '.beads');
      if (townOfDirectory(path.dirname(directory), {}))
        throw new UserError('this folder belongs to a town; its rigs have ledgers', 'Add a rig with gt rig add.');
      const value = await createLedger(directory, options);
      const repository = await repositoryOf(path.dirname(directory));
      if (repository && options.stealth) excludeFromGit(repository);
      else if (repository && !options.skipMergeDriver) await installMergeDriver(repository.root, directory);
      if (quiet) return;
      context.print(invocation, value, () => [
        '',
        '✓ bd initialized successfully!',
        '',
        `  Directory: ${directory}`,
        `  Issue prefix: ${value.prefix}`,
        `  Issues will be named: ${value.prefix}-<hash> (e.g., ${value.prefix}-a3f2d)`,
        '',
        'Run bd quickstart to get started.',
        '',
      ]);
    });
}

/** Written once a clone uses the files; git ignores it. */
const LOCAL_MARK = '.local_version';

async function createLedger(directory: string, options: InitOptions) {
  const [{ initLedger }, { readLedgerConfig }, { realFs }, { writeSetting }] = await Promise.all([
    import('../../beads/storage/init'),
    import('../../beads/storage/ledgerConfig'),
    import('../../beads/storage/ledgerFs'),
    import('../../beads/storage/settings'),
  ]);
  const existing = readLedgerConfig(realFs, directory).prefix;
  const isUsed = ['.lock', 'journal.jsonl', LOCAL_MARK].some((name) => isPresent(path.join(directory, name)));
  if (existing !== undefined && isUsed && !options.force)
    throw new UserError(
      `Found existing database: ${directory}`,
      `This workspace is already initialized with the prefix ${existing}-. Run bd commands normally.`,
      'conflict',
    );
  const prefix =
    options.prefix ||
    existing ||
    (await prefixOfBeads(directory)) ||
    prefixOfFolder(path.basename(path.dirname(directory)));
  initLedger(directory, prefix);
  writeFileAtomic(path.join(directory, LOCAL_MARK), '1\n');
  if (options.branch) writeSetting(directory, 'sync-branch', options.branch);
  return { prefix: prefix.replace(/-+$/, ''), directory, created: existing === undefined };
}

/** The prefix of the beads that are there already; undefined if there are none, or if new ids cannot have it. */
async function prefixOfBeads(directory: string): Promise<string | undefined> {
  const [{ readLedgerFiles }, { readLedgerConfig }, { realFs }, { commonPrefix, isPrefix }] = await Promise.all([
    import('../../beads/storage/ledgerFiles'),
    import('../../beads/storage/ledgerConfig'),
    import('../../beads/storage/ledgerFs'),
    import('../../beads/model/ids'),
  ]);
  const file = path.join(directory, readLedgerConfig(realFs, directory).issuesFile);
  const prefix = commonPrefix(readLedgerFiles(realFs, directory, file, { tolerant: true }).text.beads.keys());
  return prefix !== undefined && isPrefix(prefix) ? prefix : undefined;
}

/** The folder's name; characters that are not allowed in ids become hyphens. */
function prefixOfFolder(name: string): string {
  const prefix = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_PREFIX);
  return prefix || 'bd';
}

/** The root of the checkout around a folder, with its git folder; undefined outside of one. */
async function repositoryOf(folder: string): Promise<{ root: string; gitDirectory: string } | undefined> {
  const text = await gitOutput(folder, ['rev-parse', '--show-toplevel', '--absolute-git-dir']);
  const [root, gitDirectory] = text?.trim().split('\n') ?? [];
  return root && gitDirectory ? { root, gitDirectory } : undefined;
}

function excludeFromGit({ gitDirectory }: { gitDirectory: string }): void {
  const file = path.join(gitDirectory, 'info', 'exclude');
  const text = readTextIfPresent(file) ?? '';
  if (/^\.beads\/$/m.test(text)) return;
  writeFileAtomic(
    file,
    `${text}\n# Beads stealth mode (added by bd init --stealth)\n.beads/\n.claude/settings.local.json\n`,
  );
}
