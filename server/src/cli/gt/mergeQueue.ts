import { MqProcess, MqSubmit } from '../../protocol/town';
import { polecatAddress } from '../../town/layout';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';
import { addList } from './mq';
import { processedLines, submittedLines } from './mqText';

/** `gt merge-queue`: older names of the commands of `gt mq`. */
export function addMergeQueue(program: CliCommand, context: GtContext): void {
  const queue = program.command('merge-queue').description('older names of "gt mq submit" and "gt mq list"');
  queue
    .command('add <rig> <polecat>')
    .description('submit the work of a polecat, as "gt mq submit"')
    .option('-m, --message <text>', 'a note for the reviewer')
    .withHelp({
      examples: [['gt merge-queue add toy rust', 'the work of toy/rust, whose session has ended']],
      see: ['gt mq submit'],
    })
    .action(async (rig: string, name: string, { message }: { message?: string }, invocation: Invocation) => {
      const agent = name.includes('/') ? name : polecatAddress(rig, name);
      const result = await context.call(invocation, MqSubmit.spec, { agent, message });
      context.print(invocation, result, () => submittedLines(result));
    });
  addList(queue, context);
}

/** `gt refinery`: runs the merge queue by hand, which is otherwise a rule of the engine. */
export function addRefinery(program: CliCommand, context: GtContext): void {
  const refinery = program.command('refinery').description('the refinery of a rig: what merges');
  refinery
    .command('process <rig>')
    .description('run the merge queue of a rig now, and wait for it')
    .withHelp({
      text: 'Runs the gates and merges approved changes, also while the engine is paused. Waiting retries are made now; failed checks run again. No agent is started.',
      examples: [['gt refinery process toy', 'and print the outcome of each change']],
      see: ['gt mq list', 'gt up'],
    })
    .action(async (rig: string, _options: unknown, invocation: Invocation) => {
      const requests = await context.call(invocation, MqProcess.spec, { rig });
      context.print(invocation, requests, () => processedLines(rig, requests));
    });
}
