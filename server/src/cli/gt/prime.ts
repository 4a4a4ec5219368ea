import { Option, type Command } from 'commander';
import { hookAnswer, hookAnswers } from '../../agents/hookAnswer';
import type { HookAnswer } from '../../agents/presets/preset';
import { Prime } from '../../protocol/town';
import type { CliCommand } from '../shared/command';
import type { GtContext } from './context';

export function addPrime(program: CliCommand, context: GtContext): void {
  program
    .command('prime')
    .description('for agents: print who you are and what is on your hook')
    .addOption(
      new Option('--hook [answer]', 'print the answer in the form that a hook of the runtime expects')
        .choices(hookAnswers)
        .preset('text'),
    )
    .withHelp({
      text: 'Hooks of the runtime call it at the start of a session.',
      examples: [['gt prime', 'print the instructions for the calling agent']],
      see: ['gt hook', 'gt done'],
    })
    .action(async ({ hook }: { hook?: HookAnswer }, command: Command) => {
      const prime = await context.call(command, Prime.spec, {});
      context.print(command, prime, () => hookAnswer(prime.text, hook ?? 'text'));
    });
}
