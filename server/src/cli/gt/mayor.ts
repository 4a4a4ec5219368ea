import fs from 'node:fs';
import type { Command } from 'commander';
import { messageOf, UserError } from '../../base/errors';
import {
  MayorAnswer,
  MayorAsk,
  MayorPlan,
  MayorStart,
  MayorStatus,
  TownStop,
  type MayorInfo,
} from '../../protocol/town';
import { oneLine } from '../shared/output';
import { attach } from './attach';
import { print, withTown } from '../shared/connect';

export function addMayorCommands(program: Command): void {
  const mayor = program.command('mayor').description('the agent that plans: ask it, and launch what it stages');
  mayor
    .command('ask [text...]')
    .description('describe what you want; the Mayor answers with a staged convoy')
    .option('-F, --file <file>', 'the text is in this file (- for standard input)')
    .option('--title <text>', 'a title (default: the first line)')
    .action(async (words: string[], options: { file?: string; title?: string }, command: Command) => {
      const text = options.file === undefined ? words.join(' ') : readText(options.file);
      if (text.trim() === '') throw new UserError('say what you want', 'gt mayor ask "…", or gt mayor ask -F <file>');
      const result = await withTown(command, (town) => town.call(MayorAsk.spec, { text, title: options.title }));
      print(command, result, () => [
        `✓ Asked the Mayor (${result.request})`,
        ...(result.up || result.live ? [] : ['  The engine is paused, so the Mayor does not start: gt up']),
      ]);
    });
  mayor
    .command('start')
    .description('start its session now')
    .action(async (_options, command: Command) => {
      const result = await withTown(command, (town) => town.call(MayorStart.spec, {}));
      print(command, result, () =>
        result.live ? 'The Mayor is there already: gt mayor attach' : '✓ Started the Mayor: gt mayor attach',
      );
    });
  mayor
    .command('stop')
    .description('end its session; what it was asked waits until it is started again')
    .action(async (_options, command: Command) => {
      const result = await withTown(command, (town) => town.call(TownStop.spec, { agent: 'mayor' }));
      print(command, result, () => '✓ Stopped the Mayor');
    });
  mayor
    .command('attach')
    .alias('at')
    .description('its terminal, here; Ctrl-] leaves it')
    .action(async (_options, command: Command) => {
      await attach(command, 'mayor');
    });
  mayor
    .command('status')
    .description('whether it is there, and what it is asked')
    .action(async (_options, command: Command) => {
      const info = await withTown(command, (town) => town.call(MayorStatus.spec, {}));
      print(command, info, () => statusLines(info));
    });
  mayor
    .command('plan <request> <convoy>')
    .description('for the Mayor: answer a request with a staged convoy')
    .option('-m, --message <text>', 'the plan in a few sentences')
    .action(async (request: string, convoy: string, options: { message?: string }, command: Command) => {
      const result = await withTown(command, (town) =>
        town.call(MayorPlan.spec, { request, convoy, note: options.message }),
      );
      print(command, result, () => `✓ ${result.convoy} answers ${result.request}; a person launches it`);
    });
  mayor
    .command('answer <request>')
    .description('for the Mayor: answer a request in words')
    .requiredOption('-m, --message <text>', 'the answer')
    .action(async (request: string, options: { message: string }, command: Command) => {
      const result = await withTown(command, (town) =>
        town.call(MayorAnswer.spec, { request, message: options.message }),
      );
      print(command, result, () => `✓ Answered ${result.request} (${result.mail})`);
    });
  program
    .command('attach <agent>')
    .description('the terminal of an agent, here; Ctrl-] leaves it')
    .action(async (agent: string, _options, command: Command) => {
      await attach(command, agent);
    });
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, undefined, 'not-found');
  }
}

function statusLines(info: MayorInfo): string[] {
  return [
    `${info.session ? `● live (${info.session})` : '○ off'}, runtime ${info.runtime}${info.needsConsent ? `, which waits for your consent: gt config agent accept ${info.runtime}` : ''}`,
    ...info.requests.map((request) =>
      oneLine(
        `  ${request.held ? '!' : '·'} ${request.id} ${request.title} (asked by ${request.by}${request.tries > 0 ? `, tried ${request.tries} times` : ''}${request.held ? ', waits: gt mayor start' : ''})`,
      ),
    ),
    ...(info.unreadMail > 0 ? [`  ${info.unreadMail} unread: gt mail inbox mayor`] : []),
  ];
}
