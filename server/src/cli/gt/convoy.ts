import { plural } from '../../base/text';
import { ConvoyAdd, ConvoyCreate, ConvoyGet, ConvoyLaunch, ConvoyList, ConvoyStranded } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { convoyLines } from '../shared/townText';
import type { GtContext } from './context';

interface CreateOptions {
  stage?: boolean;
  notify?: string[] | true;
}

export function addConvoy(program: CliCommand, context: GtContext): void {
  const convoy = program.command('convoy').description('convoys: groups of beads that are delivered together');
  addCreate(convoy, context);
  addAdd(convoy, context);
  addList(convoy, context);
  addStatus(convoy, context);
  addStranded(convoy, context);
  addLaunch(convoy, context);
}

function addCreate(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('create')
    .description('create a convoy and launch it')
    .argument('<name>', 'name of the convoy')
    .argument('[beads...]')
    .option('--stage', 'do not launch it yet')
    .option('--notify [address...]', 'who is told when it lands (default: you)')
    .withHelp({
      examples: [
        ['gt convoy create "Login" toy-a1b2c toy-d3e4f', 'launch two beads'],
        ['gt convoy create "Login" toy-e9f0g', 'launch what is below an epic'],
        ['gt convoy create "Login" toy-a1b2c --stage --notify', 'do not launch it yet, and tell me when it lands'],
      ],
      see: ['gt convoy launch', 'gt sling', 'bd dep add'],
    })
    .action(async (title: string, beads: string[], options: CreateOptions, invocation: Invocation) => {
      const notify = options.notify === true ? [await context.actor(invocation)] : options.notify;
      const info = await context.call(invocation, ConvoyCreate.spec, { title, beads, stage: options.stage, notify });
      const done = options.stage ? 'Staged' : 'Launched';
      context.print(invocation, info, () => `✓ ${done} ${info.id}: ${info.title} (${plural(info.total, 'bead')})`);
    });
}

function addAdd(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('add <convoy> <beads...>')
    .description('add beads to a convoy; a convoy that has landed is opened again')
    .withHelp({ examples: [['gt convoy add hq-cv-u3v4w toy-x5y6z', 'one more']], see: ['gt convoy create'] })
    .action(async (id: string, beads: string[], _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyAdd.spec, { id, beads });
      context.print(invocation, info, () => `✓ ${info.id} tracks ${plural(info.total, 'bead')}`);
    });
}

function addList(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('list')
    .description('list open convoys')
    .option('--all', 'also those that have landed')
    .withHelp({
      examples: [
        ['gt convoy list', 'open ones'],
        ['gt convoy list --all --json', 'all, for a program'],
      ],
      see: ['gt convoy status'],
    })
    .action(async (options: { all?: boolean }, invocation: Invocation) => {
      const convoys = await context.call(invocation, ConvoyList.spec, { all: options.all });
      context.print(invocation, convoys, () =>
        convoys.length > 0
          ? convoys.map((info) => `${info.id} ${info.done}/${info.total} ${info.status} ${info.title}`)
          : 'No convoys',
      );
    });
}

function addStatus(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('status <convoy>')
    .description('show one convoy with its beads')
    .withHelp({
      examples: [['gt convoy status hq-cv-u3v4w', 'its beads and their states']],
      see: ['gt convoy stranded'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const status = await context.call(invocation, ConvoyGet.spec, { id });
      context.print(invocation, status, () => [
        ...convoyLines(status, status.tracked),
        ...status.warnings.map((warning) => `  ! ${warning}`),
      ]);
    });
}

function addStranded(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('stranded')
    .description('list convoys that make no progress on their own, and why')
    .withHelp({
      examples: [['gt convoy stranded', 'why does nothing happen?']],
      see: ['gt convoy status', 'gt attention'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const list = await context.call(invocation, ConvoyStranded.spec, {});
      context.print(invocation, list, () =>
        list.length > 0
          ? list.flatMap((item) => [`${item.id} ${item.title}`, ...item.reasons.map((reason) => `  ${reason}`)])
          : 'No convoy is stranded',
      );
    });
}

function addLaunch(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('launch <convoy>')
    .description('launch a staged convoy')
    .option('--force', 'despite warnings')
    .withHelp({
      examples: [
        ['gt convoy launch hq-cv-u3v4w', 'start its beads'],
        ['gt convoy launch hq-cv-u3v4w --force', 'despite its warnings'],
      ],
      see: ['gt convoy create --stage'],
    })
    .action(async (id: string, options: { force?: boolean }, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyLaunch.spec, { id, force: options.force });
      context.print(invocation, info, () => `✓ Launched ${info.id}: ${info.title}`);
    });
}
