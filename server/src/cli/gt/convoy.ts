import { plural } from '../../base/text';
import {
  ConvoyAdd,
  ConvoyCreate,
  ConvoyGet,
  ConvoyList,
  convoyListStatuses,
  ConvoyRemove,
  ConvoyRename,
  type ConvoyListStatus,
} from '../../protocol/convoy';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';
import { addConvoyControl } from './convoyControl';
import { convoyListLine, convoyStatusLines, convoyTreeLines, convoySummaryLines, startHint } from './convoyText';

interface CreateOptions {
  stage?: boolean;
  launch?: boolean;
  owned?: boolean;
  featureBranch?: boolean;
  human?: boolean;
  notify?: string[];
}

interface ListOptions {
  all?: boolean;
  tree?: boolean;
  status?: ConvoyListStatus;
}

/** Value of `--notify` without an address. */
const SELF = '@self';

export function addConvoy(program: CliCommand, context: GtContext): void {
  const convoy = program.command('convoy').description('convoys: groups of beads that are delivered together');
  addCreate(convoy, context);
  addAddAndRemove(convoy, context);
  addRename(convoy, context);
  addList(convoy, context);
  addStatus(convoy, context);
  addConvoyControl(convoy, context);
}

function addCreate(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('create')
    .description('create a convoy that tracks beads')
    .argument('<name>', 'name of the convoy')
    .argument('[beads...]')
    .option('--launch', 'start its beads at once')
    .option('--stage', 'check it as a plan, to be launched later')
    .addOption('--notify [address]', 'address to notify when it lands; may be repeated (default: yours)', {
      preset: SELF,
      parse: (text: string, earlier: string[] = []) => [...earlier, text],
    })
    .option('--human', 'notify the overseer of the town when it lands')
    .option('--owned', 'it does not land automatically: you land it with gt convoy land')
    .option('--feature-branch', 'collect its beads on a separate branch, which is reviewed and lands as a whole')
    .option('--no-feature-branch', 'land each bead separately, regardless of the default of the rig or the town')
    .withHelp({
      text: 'A convoy tracks its beads and starts none of them automatically. Slinging one of them starts that bead; launching the convoy starts each as soon as its dependencies are merged. It lands when all of its beads are closed. With --feature-branch its beads are merged into convoy/<id> in each of its rigs; when it contains all of them, it is reviewed like other changes of the rig, and lands on the target as one merge commit.',
      examples: [
        ['gt convoy create "Login" toy-a1b2c toy-d3e4f', 'track two beads'],
        ['gt convoy create "Login" toy-e9f0g --launch', 'track the work below an epic, and start it'],
        [
          'gt convoy create "Login" toy-a1b2c --notify mayor/ --notify --human',
          'notify the Mayor and you when it lands',
        ],
        ['gt convoy create "Login" toy-a1b2c toy-d3e4f --feature-branch --launch', 'land both together'],
        ['gt convoy create "Login" toy-a1b2c --stage --notify', 'check it as a plan, and notify me when it lands'],
      ],
      see: ['gt convoy launch', 'gt sling', 'bd dep add'],
    })
    .action(async (title: string, beads: string[], options: CreateOptions, invocation: Invocation) => {
      const { stage, launch, owned, featureBranch } = options;
      const notify = await addressesOf(options, () => context.actor(invocation));
      const info = await context.call(invocation, ConvoyCreate.spec, {
        ...{ title, beads, stage, launch, owned, featureBranch, notify },
      });
      const done = stage ? 'Staged' : launch ? 'Launched' : 'Created';
      context.print(invocation, info, () => [
        `✓ ${done} ${info.id}: ${info.title} (${plural(info.total, 'bead')})`,
        ...(info.feature ? [`  Its beads are collected on ${info.feature.branch}`] : []),
        ...startHint(info).map((line) => `  ${line}`),
      ]);
    });
}

/** The addresses to notify. With `--human`, `--notify` without an address means the overseer. */
async function addressesOf(
  { notify, human }: CreateOptions,
  self: () => Promise<string>,
): Promise<string[] | undefined> {
  if (!notify && !human) return undefined;
  const named = (notify ?? []).filter((address) => address !== SELF);
  if (human) return [...named, 'overseer'];
  return notify?.includes(SELF) ? [...named, await self()] : named;
}

function addAddAndRemove(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('add <convoy> <beads...>')
    .description('add beads to a convoy; a convoy that has landed is opened again')
    .withHelp({
      examples: [['gt convoy add hq-cv-u3v4w toy-x5y6z', 'one more']],
      see: ['gt convoy create', 'gt convoy remove'],
    })
    .action(async (id: string, beads: string[], _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyAdd.spec, { id, beads });
      context.print(invocation, info, () => `✓ ${info.id} tracks ${plural(info.total, 'bead')}`);
    });
  convoy
    .command('remove <convoy> <beads...>')
    .description('remove beads from a convoy; the work on them is left as it is')
    .withHelp({ examples: [['gt convoy remove hq-cv-u3v4w toy-x5y6z', 'one less']], see: ['gt convoy add'] })
    .action(async (id: string, beads: string[], _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyRemove.spec, { id, beads });
      context.print(invocation, info, () => `✓ ${info.id} tracks ${plural(info.total, 'bead')}`);
    });
}

function addRename(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('rename <convoy>')
    .argument('<name>', 'its new name')
    .description('rename a convoy')
    .withHelp({ examples: [['gt convoy rename hq-cv-u3v4w "Login by mail"', 'another name']] })
    .action(async (id: string, title: string, _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyRename.spec, { id, title });
      context.print(invocation, info, () => `✓ Renamed ${info.id}: ${info.title}`);
    });
}

function addList(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('list')
    .description('list open convoys')
    .option('--all', 'also those that are closed')
    .option('--tree', 'with their beads and the states of these')
    .addOption('--status <status>', `only those that are ${convoyListStatuses.join(', ')}`, {
      choices: convoyListStatuses,
    })
    .withHelp({
      examples: [
        ['gt convoy list', 'open ones'],
        ['gt convoy list --status closed', 'those that have landed'],
        ['gt convoy list --tree', 'open ones with their beads'],
        ['gt convoy list --all --json', 'all, for a program'],
      ],
      see: ['gt convoy status'],
    })
    .action(async (options: ListOptions, invocation: Invocation) => {
      const convoys = await context.call(invocation, ConvoyList.spec, { all: options.all, status: options.status });
      if (options.tree && convoys.length > 0) {
        const trees = await Promise.all(convoys.map(({ id }) => context.call(invocation, ConvoyGet.spec, { id })));
        context.print(invocation, trees, () => trees.flatMap(convoyTreeLines));
        return;
      }
      context.print(invocation, convoys, () => (convoys.length > 0 ? convoys.map(convoyListLine) : 'No convoys'));
    });
}

function addStatus(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('status [convoy]')
    .alias('show')
    .description('show one convoy with its beads, or all that are open')
    .withHelp({
      examples: [
        ['gt convoy status', 'all that are open'],
        ['gt convoy status hq-cv-u3v4w', 'its beads and their states'],
      ],
      see: ['gt convoy stranded'],
    })
    .action(async (id: string | undefined, _options: unknown, invocation: Invocation) => {
      if (id === undefined) {
        const convoys = await context.call(invocation, ConvoyList.spec, {});
        context.print(invocation, convoys, () => convoySummaryLines(convoys));
        return;
      }
      const status = await context.call(invocation, ConvoyGet.spec, { id });
      context.print(invocation, status, () => convoyStatusLines(status));
    });
}
