import { plural } from '../../base/text';
import {
  ConvoyCheck,
  ConvoyClose,
  ConvoyLand,
  ConvoyLaunch,
  ConvoyPause,
  ConvoyResume,
  ConvoyStranded,
  ConvoyUnwatch,
  ConvoyWatch,
} from '../../protocol/convoy';
import { ConvoyStage } from '../../protocol/convoyPlan';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';
import { endLines, planLines, startHint } from './convoyText';

/** The commands that start, pause and end a convoy, and subscribe to it. */
export function addConvoyControl(convoy: CliCommand, context: GtContext): void {
  addStage(convoy, context);
  addLaunch(convoy, context);
  addPauseAndResume(convoy, context);
  addClose(convoy, context);
  addLand(convoy, context);
  addCheck(convoy, context);
  addStranded(convoy, context);
  addWatch(convoy, context);
}

function addLaunch(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('launch <convoy>')
    .description('start the beads of a convoy, each as soon as its dependencies are merged')
    .option('--force', 'despite warnings')
    .withHelp({
      examples: [
        ['gt convoy launch hq-cv-u3v4w', 'start its beads'],
        ['gt convoy launch hq-cv-u3v4w --force', 'despite its warnings'],
      ],
      see: ['gt convoy create', 'gt convoy pause', 'gt up'],
    })
    .action(async (id: string, options: { force?: boolean }, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyLaunch.spec, { id, force: options.force });
      context.print(invocation, info, () => [
        `✓ Launched ${info.id}: ${info.title}`,
        ...startHint(info).map((line) => `  ${line}`),
      ]);
    });
}

function addStage(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('stage')
    .argument('<plan...>', 'a staged convoy, an epic, or beads')
    .description('check a plan, and stage it as a convoy if it has no errors')
    .option('--title <name>', 'name of the convoy (default: that of the epic or of the first bead)')
    .option('--launch', 'launch it, too')
    .option('--force', 'launch it despite warnings')
    .withHelp({
      text: 'Shows the waves of the plan, errors that prevent its launch (a cycle, no rig, no runtime, commands that are not accepted), warnings, and the expected time and cost, from the medians of finished beads. A convoy with errors is neither staged nor launched. Costs are known for models that have a price (gt config price).',
      examples: [
        ['gt convoy stage toy-e9f0g', 'the work below an epic'],
        ['gt convoy stage toy-a1b2c toy-d3e4f --title "Login"', 'two beads'],
        ['gt convoy stage hq-cv-u3v4w --json', 'check it again, for a program'],
      ],
      exits: { 0: 'it is staged', 1: 'it has errors, or the command failed' },
      see: ['gt convoy launch', 'bd dep add'],
    })
    .action(async (ids: string[], options: StageOptions, invocation: Invocation) => {
      const plan = await context.call(invocation, ConvoyStage.spec, { ids, ...options });
      context.print(invocation, plan, () => planLines(plan));
      if (plan.status === 'error') context.exitCode = 1;
    });
}

interface StageOptions {
  title?: string;
  launch?: boolean;
  force?: boolean;
}

function addPauseAndResume(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('pause <convoy>')
    .description('start no more beads of a convoy; beads in progress continue')
    .option('-m, --reason <text>', 'why')
    .withHelp({
      examples: [['gt convoy pause hq-cv-u3v4w -m "the API changes"', 'until it is resumed']],
      see: ['gt convoy resume', 'gt stop'],
    })
    .action(async (id: string, options: { reason?: string }, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyPause.spec, { id, reason: options.reason });
      context.print(invocation, info, () => [
        `✓ Paused ${info.id}: ${info.title}`,
        `  None of its beads starts until: gt convoy resume ${info.id}`,
      ]);
    });
  convoy
    .command('resume <convoy>')
    .description('resume a paused convoy')
    .withHelp({ examples: [['gt convoy resume hq-cv-u3v4w', 'start its beads again']], see: ['gt convoy pause'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyResume.spec, { id });
      context.print(invocation, info, () => `✓ Resumed ${info.id}: ${info.title}`);
    });
}

function addClose(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('close <convoy>')
    .description('close a convoy before its work is done; the work on its beads is left as it is')
    .option('-r, --reason <text>', 'why')
    .withHelp({
      text: 'Beads in progress continue and are merged. Beads that only this convoy would have started do not start. Its watchers are notified.',
      examples: [['gt convoy close hq-cv-u3v4w --reason "not needed any more"', 'close it']],
      see: ['gt convoy land', 'gt stop'],
    })
    .action(async (id: string, options: { reason?: string }, invocation: Invocation) => {
      const end = await context.call(invocation, ConvoyClose.spec, { id, reason: options.reason });
      context.print(invocation, end, () => [`✓ Closed ${end.id}: ${end.title}`, ...endLines(end)]);
    });
}

function addLand(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('land <convoy>')
    .description('land a convoy that was created with --owned')
    .option('-f, --force', 'although beads of it are open')
    .option('--dry-run', 'only show what would happen')
    .withHelp({
      examples: [
        ['gt convoy land hq-cv-u3v4w', 'close it and notify its subscribers'],
        ['gt convoy land hq-cv-u3v4w --dry-run', 'could it land?'],
      ],
      see: ['gt convoy create --owned', 'gt convoy close'],
    })
    .action(async (id: string, options: { force?: boolean; dryRun?: boolean }, invocation: Invocation) => {
      const { force, dryRun } = options;
      const end = await context.call(invocation, ConvoyLand.spec, { id, force, dryRun });
      const done = dryRun ? 'Would land' : '✓ Landed';
      context.print(invocation, end, () => [
        `${done} ${end.id}: ${end.title} (${plural(end.total, 'bead')})`,
        ...endLines(end),
      ]);
    });
}

function addCheck(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('check [convoy]')
    .description('land convoys whose beads are all closed, also while the engine is paused')
    .option('--dry-run', 'only list the convoys that would land')
    .withHelp({
      examples: [
        ['gt convoy check', 'all that are open'],
        ['gt convoy check hq-cv-u3v4w --dry-run', 'would it land?'],
      ],
      see: ['gt convoy status', 'gt convoy land'],
    })
    .action(async (id: string | undefined, options: { dryRun?: boolean }, invocation: Invocation) => {
      const landed = await context.call(invocation, ConvoyCheck.spec, { id, dryRun: options.dryRun });
      const done = options.dryRun ? 'Would land' : '✓ Landed';
      context.print(invocation, landed, () =>
        landed.length > 0 ? landed.map((info) => `${done} ${info.id}: ${info.title}`) : 'No convoy is done',
      );
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
          ? list.flatMap((item) => [
              `${item.id} ${item.title} (${item.kind})`,
              ...item.reasons.map((reason) => `  ${reason}`),
            ])
          : 'No convoy is stranded',
      );
    });
}

function addWatch(convoy: CliCommand, context: GtContext): void {
  convoy
    .command('watch <convoy>')
    .description('get a notification when a convoy lands')
    .option('--addr <address>', 'another recipient: an agent, mayor/, overseer, or a person')
    .option('--nudge', 'also type a line into the terminal of the agent')
    .withHelp({
      examples: [
        ['gt convoy watch hq-cv-u3v4w', 'tell me'],
        ['gt convoy watch hq-cv-u3v4w --addr toy/crew/ann --nudge', 'notify a crew member, also in its terminal'],
      ],
      see: ['gt convoy unwatch', 'gt mail inbox'],
    })
    .action(async (id: string, options: { addr?: string; nudge?: boolean }, invocation: Invocation) => {
      const { addr: address, nudge } = options;
      const info = await context.call(invocation, ConvoyWatch.spec, { id, address, nudge });
      context.print(invocation, info, () => `✓ ${options.addr ?? 'You'} will be notified when ${info.id} lands`);
    });
  convoy
    .command('unwatch <convoy>')
    .description('stop the notification about a convoy')
    .option('--addr <address>', 'somebody else')
    .withHelp({ examples: [['gt convoy unwatch hq-cv-u3v4w', 'do not notify me']], see: ['gt convoy watch'] })
    .action(async (id: string, options: { addr?: string }, invocation: Invocation) => {
      const info = await context.call(invocation, ConvoyUnwatch.spec, { id, address: options.addr });
      context.print(invocation, info, () => `✓ ${options.addr ?? 'You'} will not be notified when ${info.id} lands`);
    });
}
