import { UserError } from '../../base/errors';
import { BeadShow, type BeadDetails } from '../../protocol/bead';
import { MoleculeBurn, MoleculeSquash, type BurnResult, type SquashResult } from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { defined } from './options';

/** `bd mol squash` and `bd mol burn`, with their short forms `bd squash` and `bd burn`: they end molecules of wisps. */

/** Characters of a digest that a preview shows. */
const MAX_PREVIEW = 500;

interface SquashOptions {
  summary?: string;
  keepChildren?: boolean;
  dryRun?: boolean;
}

export function addSquash(parent: CliCommand, context: BdContext): void {
  const command = parent
    .command('squash')
    .description('replace the wisps of a molecule by one closed bead, the digest')
    .argument('<id>', 'the molecule')
    .option('--summary <text>', 'the text of the digest')
    .option('--keep-children', 'keep the wisps')
    .option('--dry-run', 'only show');
  command
    .withHelp({
      text: 'A molecule that is a wisp itself is closed and kept with its digest.',
      examples: [[`${command.path} app-m1n2o --summary "Nothing to report"`, 'one closed bead instead of its wisps']],
      see: ['bd mol wisp'],
    })
    .action((id: string, options: SquashOptions, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const { digest, ...result } = await backend.call(MoleculeSquash.spec, {
          id,
          ...defined({ summary: options.summary, keep: options.keepChildren, dryRun: options.dryRun }),
        });
        const preview = options.dryRun
          ? await backend.call(BeadShow.spec, { ids: [result.molecule_id, ...result.squashed_ids] })
          : undefined;
        context.print(invocation, result, () =>
          result.squashed_count === 0
            ? `No ephemeral children found for molecule ${result.molecule_id}`
            : preview
              ? squashPreview(result, preview, digest)
              : squashedLines(result),
        );
      }),
    );
}

type Squashed = Omit<SquashResult, 'digest'>;

function squashPreview(result: Squashed, [root, ...children]: readonly BeadDetails[], digest: string): string[] {
  return [
    '',
    `Dry run: would squash ${result.squashed_count} ephemeral children of ${result.molecule_id}`,
    '',
    `Root: ${oneLine(root?.title ?? '')}`,
    '',
    'Wisp children to squash:',
    ...children.map((bead) => `  - [${oneLine(bead.status)}] ${oneLine(bead.title)} (${bead.id})`),
    '',
    'Digest preview:',
    ...(digest.length > MAX_PREVIEW ? `${digest.slice(0, MAX_PREVIEW)}...` : digest).split('\n').map(oneLine),
    '',
    result.kept_children
      ? '--keep-children: children would NOT be deleted'
      : 'Children would be deleted after digest creation.',
  ];
}

function squashedLines(result: Squashed): string[] {
  return [
    `✓ Squashed molecule: ${result.squashed_count} children → 1 digest`,
    `  Digest ID: ${result.digest_id}`,
    ...(result.deleted_count > 0 ? [`  Deleted: ${result.deleted_count} wisps`] : []),
    ...(result.kept_children ? ['  Children preserved (--keep-children)'] : []),
  ];
}

interface BurnOptions {
  force?: boolean;
  yes?: boolean;
  dryRun?: boolean;
}

/** A molecule that was burnt, or would be. */
interface Burnt {
  root: BeadDetails;
  result: BurnResult;
}

export function addBurn(parent: CliCommand, context: BdContext): void {
  const command = parent
    .command('burn <ids...>')
    .description('delete molecules with their steps, after asking')
    .option('-f, --force', 'do not ask')
    .hiddenOption('-y, --yes', 'same as --force')
    .option('--dry-run', 'only show');
  command
    .withHelp({
      text: 'It asks on standard output and reads y from standard input; with --json or --force it does not ask.',
      examples: [
        [`${command.path} app-m1n2o --dry-run`, 'show what would be deleted'],
        [`${command.path} app-m1n2o --force`, 'delete it'],
      ],
      exits: { 1: 'there is no such molecule' },
      see: ['bd mol squash'],
    })
    .action((ids: string[], options: BurnOptions, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const isJson = (invocation.options as { json?: boolean }).json === true;
        const { found, failed } = await preview(backend, ids, { invocation, context });
        if (options.dryRun) return printPreview(backend, found, { invocation, context });
        if (!options.force && !options.yes && !isJson && !confirmed(found, context)) {
          context.terminal.write('Canceled.\n');
          return;
        }
        const burnt: Burnt[] = [];
        for (const { root } of found)
          burnt.push({ root, result: await backend.call(MoleculeBurn.spec, { id: root.id }) });
        printBurnt(burnt, ids.length === 1 ? undefined : failed, { invocation, context });
      }),
    );
}

interface Place {
  invocation: Invocation;
  context: BdContext;
}

/** The molecules that would be deleted. @throws UserError if none of them exists */
async function preview(backend: Backend, ids: readonly string[], place: Place) {
  const found: Burnt[] = [];
  const errors: UserError[] = [];
  for (const id of ids) {
    try {
      const [root] = await backend.call(BeadShow.spec, { ids: [id] });
      found.push({ root: root!, result: await backend.call(MoleculeBurn.spec, { id: root!.id, dryRun: true }) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      errors.push(error);
    }
  }
  if (found.length === 0 && errors[0]) throw errors[0];
  for (const error of errors) place.context.printError(place.invocation, error);
  return { found, failed: errors.length };
}

const kindOf = ({ root }: Burnt): string => (root.ephemeral === true ? 'wisp' : 'mol');

/** Asks the user for confirmation. */
function confirmed(found: readonly Burnt[], context: BdContext): boolean {
  const wisps = found.filter((each) => kindOf(each) === 'wisp').length;
  const [only] = found;
  const isOne = found.length === 1 && only !== undefined;
  const data = isOne && kindOf(only) === 'wisp' ? 'wisp' : 'molecule';
  const lines = [
    isOne
      ? `About to burn ${kindOf(only)} ${only.result.molecule_id} (${only.result.deleted_count} issues)`
      : `About to burn ${wisps} wisp(s) and ${found.length - wisps} persistent molecule(s)`,
    `This will permanently delete all ${data} data with no digest.`,
    ...(isOne && data === 'molecule' ? ['Note: Persistent mol - deletions sync to remotes.'] : []),
    ...(isOne ? ["Use 'bd mol squash' instead if you want to preserve a summary."] : []),
    '',
  ];
  return context.confirms(`${lines.join('\n')}\nContinue?`);
}

async function printPreview(backend: Backend, found: readonly Burnt[], { invocation, context }: Place): Promise<void> {
  const lines: string[] = [];
  for (const { root, result } of found) {
    const beads = await backend.call(BeadShow.spec, { ids: result.deleted_ids });
    lines.push(...previewLines({ root, result }, beads));
  }
  const results = found.map(({ result }) => result);
  const value = results.length === 1 ? results[0]! : { results };
  context.print(invocation, { ...value, dry_run: true }, () => lines);
}

function previewLines(burnt: Burnt, beads: readonly BeadDetails[]): string[] {
  const { root, result } = burnt;
  const isWisp = kindOf(burnt) === 'wisp';
  return [
    '',
    `Dry run: would burn ${kindOf(burnt)} ${result.molecule_id}`,
    '',
    `Root: ${oneLine(root.title)}`,
    '',
    `${isWisp ? 'Wisp issues' : 'Issues'} to delete (${result.deleted_count} total):`,
    ...beads.map(
      ({ id, status, title }) => `  - [${oneLine(status)}] ${oneLine(title)} (${id})${id === root.id ? ' [ROOT]' : ''}`,
    ),
    '',
    ...(isWisp ? [] : ['Note: Persistent mol - deletions sync to remotes.']),
    "No digest will be created (use 'bd mol squash' to create one).",
  ];
}

/** @param failed how many could not be deleted, if several were named */
function printBurnt(burnt: readonly Burnt[], failed: number | undefined, { invocation, context }: Place): void {
  const results = burnt.map(({ result }) => result);
  const total = results.reduce((sum, { deleted_count }) => sum + deleted_count, 0);
  const [only] = burnt;
  if (failed === undefined && only) return context.print(invocation, only.result, () => burntLines(only));
  context.print(invocation, { results, total_deleted: total, failed_count: failed ?? 0 }, () => [
    `✓ Burned ${burnt.length} molecule(s): ${total} issues deleted`,
    ...(failed ? [`  ${failed} failed`] : []),
  ]);
}

function burntLines(burnt: Burnt): string[] {
  return [
    `✓ Burned ${kindOf(burnt)}: ${burnt.result.deleted_count} issues deleted`,
    `  ${kindOf(burnt) === 'wisp' ? 'Ephemeral' : 'Persistent'}: ${burnt.result.molecule_id}`,
    '  No digest created.',
  ];
}
