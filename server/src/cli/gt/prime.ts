import { hookAnswer, hookAnswers } from '../../agents/hookAnswer';
import type { HookAnswer } from '../../agents/presets/preset';
import { Prime } from '../../protocol/agent';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addPrime(program: CliCommand, context: GtContext): void {
  program
    .command('prime')
    .description('for agents: print who you are and what is on your hook')
    .addOption('--hook [answer]', 'print the answer in the form that a hook of the runtime expects', {
      choices: hookAnswers,
      preset: 'text',
    })
    .withHelp({
      text: 'Hooks of the runtime call it at the start of a session.',
      examples: [['gt prime', 'print the instructions for the calling agent']],
      see: ['gt hook', 'gt done'],
    })
    .action(async ({ hook }: { hook?: HookAnswer }, invocation: Invocation) => {
      const prime = await context.call(invocation, Prime.spec, {});
      context.print(invocation, prime, () => hookAnswer(prime.text, hook ?? 'text'));
    });
}
