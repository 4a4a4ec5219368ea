import type { Command } from 'commander';
import { MqApprove, MqGet, MqList, MqReject, MqRetry, type MergeRequestInfo } from '../../protocol/town';
import { print, withTown } from '../shared/connect';

/** `gt mq`: what waits to be merged, and its reviews. An id is that of a merge request or of its bead, or a branch. */
export function addMergeQueueCommands(program: Command): void {
  const mq = program.command('mq').alias('mr').description('the merge queue and its reviews');
  mq.command('list [rig]')
    .description('what waits to be merged, in the order of its turn')
    .action(async (rig: string | undefined, _options, command: Command) => {
      const list = await withTown(command, (town) => town.call(MqList.spec, { rig }));
      print(command, list, () => (list.length > 0 ? list.map(queueLine) : 'The merge queue is empty'));
    });
  mq.command('next [rig]')
    .description('what is merged next')
    .action(async (rig: string | undefined, _options, command: Command) => {
      const next = (await withTown(command, (town) => town.call(MqList.spec, { rig }))).find(
        (info) => info.state === 'merging' || info.state === 'queued',
      );
      print(command, next ?? null, () => (next ? queueLine(next) : 'Nothing is ready to be merged'));
    });
  mq.command('status <change>')
    .description('one merge request, with all that its reviews have said')
    .action(async (id: string, _options, command: Command) => {
      const info = await withTown(command, (town) => town.call(MqGet.spec, { id }));
      print(command, info, () => statusLines(info));
    });
  mq.command('approve <change>')
    .description('let a change be merged')
    .option('-m, --message <text>', 'what you have looked at')
    .option('--first', 'merge it before all others')
    .option('--patch <hash>', 'only if it is still this patch (see "status --json")')
    .action(
      async (
        id: string,
        { message, first, patch }: { message?: string; first?: boolean; patch?: string },
        command: Command,
      ) => {
        const result = await withTown(command, (town) => town.call(MqApprove.spec, { id, message, first, patch }));
        print(command, result, () => `✓ Approved ${result.bead}${first ? '; it is merged next' : ''}`);
      },
    );
  mq.command('reject <change>')
    .description('send a change back to its author')
    .requiredOption('-m, --message <text>', 'what has to change, and why')
    .option('--patch <hash>', 'only if it is still this patch (see "status --json")')
    .action(async (id: string, { message, patch }: { message: string; patch?: string }, command: Command) => {
      const result = await withTown(command, (town) => town.call(MqReject.spec, { id, message, patch }));
      print(command, result, () => `✓ Sent ${result.bead} back`);
    });
  mq.command('retry <change>')
    .description('try one that waits, or was given up, again at once')
    .action(async (id: string, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(MqRetry.spec, { id }));
      print(command, result, () => `✓ ${result.bead} is in the merge queue again`);
    });
}

function queueLine(info: MergeRequestInfo): string {
  const notes = [
    info.state === 'reviewing' ? reviewWord(info) : info.state,
    info.first ? 'first' : `score ${info.score}`,
    info.retries > 0 ? `${info.retries} retries` : '',
  ];
  return `${info.bead} ${info.title} (${notes.filter(Boolean).join('; ')}; ${info.worker})`;
}

function reviewWord(info: MergeRequestInfo): string {
  return info.needsPerson ? "waits for a person's review" : 'in review';
}

function statusLines(info: MergeRequestInfo): string[] {
  const lines = [
    `${info.bead} ${info.title}`,
    `  merge request ${info.id}, ${info.rig}, by ${info.worker}`,
    `  branch ${info.branch}`,
    `  ${info.state === 'reviewing' ? reviewWord(info) : info.state}${info.approvedBy ? `, approved by ${info.approvedBy}` : ''}`,
  ];
  if (info.note) lines.push(`  its author says: ${info.note}`);
  for (const review of info.reviews)
    lines.push(
      '',
      `  ${review.verdict} by ${review.by}, ${review.at}`,
      ...review.message.split('\n').map((line) => `    ${line}`),
    );
  return lines;
}
