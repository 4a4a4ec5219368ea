import fs from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../base/errors';
import { plural } from '../../base/text';
import {
  MayorAnswer,
  MayorAsk,
  MayorPlan,
  MayorStart,
  MayorStatus,
  TownStop,
  type MayorInfo,
} from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import { attach } from './attach';
import type { GtContext } from './context';

export function addMayor(program: CliCommand, context: GtContext): void {
  const mayor = program.command('mayor').description('the Mayor: the agent that plans');
  addAsk(mayor, context);
  addStart(mayor, context);
  addStop(mayor, context);
  addAttach(mayor, context);
  addStatus(mayor, context);
  addPlan(mayor, context);
  addAnswer(mayor, context);
}

function addAsk(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('ask')
    .description('describe what you want; the Mayor answers with a staged convoy')
    .argument('[text...]', 'what you want')
    .option('-F, --file <file>', 'read the text from a file (- for standard input)')
    .option('--title <text>', 'a title (default: the first line)')
    .withHelp({
      text: 'The Mayor reads the repositories, creates beads and answers with a staged convoy. Nothing starts until you launch it.',
      examples: [
        ['gt mayor ask "Users want to log in with GitHub"', 'in a few words'],
        ['gt mayor ask -F plan.md --title "GitHub login"', 'from a file'],
      ],
      see: ['gt mayor status', 'gt convoy launch'],
    })
    .action(async (words: string[], options: { file?: string; title?: string }, invocation: Invocation) => {
      const text = options.file === undefined ? words.join(' ') : readText(options.file, context);
      if (text.trim() === '')
        throw new UserError('describe what you want', 'gt mayor ask "…", or gt mayor ask -F <file>');
      const result = await context.call(invocation, MayorAsk.spec, { text, title: options.title });
      context.print(invocation, result, () => [
        `✓ Asked the Mayor (${result.request})`,
        ...(result.up || result.live ? [] : ['  The engine is paused, so the Mayor does not start: gt up']),
      ]);
    });
}

function addStart(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('start')
    .description('start its session now')
    .withHelp({ examples: [['gt mayor start', 'without waiting for a request']], see: ['gt mayor attach'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, MayorStart.spec, {});
      context.print(invocation, result, () =>
        result.live ? 'The Mayor is already running: gt mayor attach' : '✓ Started the Mayor: gt mayor attach',
      );
    });
}

function addStop(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('stop')
    .description('stop its session; requests wait until it is started again')
    .withHelp({ examples: [['gt mayor stop', 'stop its session']], see: ['gt mayor start'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, TownStop.spec, { agent: 'mayor' });
      context.print(invocation, result, () => '✓ Stopped the Mayor');
    });
}

function addAttach(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('attach')
    .alias('at')
    .description('show its terminal in this one; Ctrl-] detaches')
    .withHelp({ examples: [['gt mayor attach', 'talk to it']], see: ['gt attach'] })
    .action(async (_options: unknown, invocation: Invocation) => attach(invocation, context, 'mayor'));
}

function addStatus(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('status')
    .description('show whether it is running, and its requests')
    .withHelp({ examples: [['gt mayor status', 'its session and requests']], see: ['gt mayor ask'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, MayorStatus.spec, {});
      context.print(invocation, info, () => statusLines(info));
    });
}

function addPlan(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('plan <request> <convoy>')
    .description('for the Mayor: answer a request with a staged convoy')
    .option('-m, --message <text>', 'the plan in a few sentences')
    .withHelp({
      examples: [
        ['gt mayor plan hq-r1s2t hq-cv-u3v4w -m "Three beads, the second waits for the first"', 'submit a plan'],
      ],
      see: ['gt convoy create', 'gt mayor answer'],
    })
    .action(async (request: string, convoy: string, options: { message?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, MayorPlan.spec, { request, convoy, note: options.message });
      context.print(invocation, result, () => `✓ ${result.convoy} answers ${result.request}; a person launches it`);
    });
}

function addAnswer(mayor: CliCommand, context: GtContext): void {
  mayor
    .command('answer <request>')
    .description('for the Mayor: answer a request in words')
    .addOption('-m, --message <text>', 'the answer', { mandatory: true })
    .withHelp({
      examples: [['gt mayor answer hq-r1s2t -m "It exists already: see src/login.ts"', 'if there is nothing to plan']],
      see: ['gt mayor plan'],
    })
    .action(async (request: string, options: { message: string }, invocation: Invocation) => {
      const result = await context.call(invocation, MayorAnswer.spec, { request, message: options.message });
      context.print(invocation, result, () => `✓ Answered ${result.request} (${result.mail})`);
    });
}

function readText(file: string, { process }: GtContext): string {
  try {
    return file === '-' ? process.readStdin() : fs.readFileSync(path.resolve(process.cwd, file), 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, undefined, 'not-found');
  }
}

function statusLines(info: MayorInfo): string[] {
  const consent = info.needsConsent ? `, not accepted yet: gt config agent accept ${info.runtime}` : '';
  return [
    `${info.session ? `● running (${info.session})` : '○ off'}, runtime ${info.runtime}${consent}`,
    ...info.requests.map(requestLine),
    ...(info.unreadMail > 0 ? [`  ${plural(info.unreadMail, 'unread message')}: gt mail inbox mayor`] : []),
  ];
}

function requestLine(request: MayorInfo['requests'][number]): string {
  const notes = [
    `asked by ${request.by}`,
    request.tries > 0 ? `tried ${plural(request.tries, 'time')}` : '',
    request.held ? 'waits: gt mayor start' : '',
  ].filter(Boolean);
  return oneLine(`  ${request.held ? '!' : '·'} ${request.id} ${request.title} (${notes.join(', ')})`);
}
