import { plural } from '../../base/text';
import { MqApprove, MqGet, MqList, MqReject, MqRetry, type MergeRequestInfo } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { indent } from '../shared/output';
import type { GtContext } from './context';

interface ApproveOptions {
  message?: string;
  first?: boolean;
  patch?: string;
}

/** `gt mq`: the merge queue and its reviews. An id is that of a merge request or of its bead, or a branch. */
export function addMq(program: CliCommand, context: GtContext): void {
  const mq = program.command('mq').alias('mr').description('the merge queue and its reviews');
  addList(mq, context);
  addNext(mq, context);
  addStatus(mq, context);
  addApprove(mq, context);
  addReject(mq, context);
  addRetry(mq, context);
}

function addList(mq: CliCommand, context: GtContext): void {
  mq.command('list [rig]')
    .description('list the merge queue in its order')
    .withHelp({
      examples: [
        ['gt mq list', 'of all rigs'],
        ['gt mq list toy', 'of one rig'],
      ],
      see: ['gt mq status'],
    })
    .action(async (rig: string | undefined, _options: unknown, invocation: Invocation) => {
      const list = await context.call(invocation, MqList.spec, { rig });
      context.print(invocation, list, () => (list.length > 0 ? list.map(queueLine) : 'The merge queue is empty'));
    });
}

function addNext(mq: CliCommand, context: GtContext): void {
  mq.command('next [rig]')
    .description('show what is merged next')
    .withHelp({ examples: [['gt mq next toy', 'the first one in the queue']], see: ['gt mq list'] })
    .action(async (rig: string | undefined, _options: unknown, invocation: Invocation) => {
      const list = await context.call(invocation, MqList.spec, { rig });
      const next = list.find((info) => info.state === 'merging' || info.state === 'queued');
      context.print(invocation, next ?? null, () => (next ? queueLine(next) : 'Nothing is ready to merge'));
    });
}

function addStatus(mq: CliCommand, context: GtContext): void {
  mq.command('status <change>')
    .description('show one merge request with its reviews')
    .withHelp({
      examples: [['gt mq status toy-a1b2c', 'what its author and its reviewers say']],
      see: ['gt mq approve', 'gt mq reject'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, MqGet.spec, { id });
      context.print(invocation, info, () => statusLines(info));
    });
}

function addApprove(mq: CliCommand, context: GtContext): void {
  mq.command('approve <change>')
    .description('approve a change, so that it is merged')
    .option('-m, --message <text>', 'what you reviewed')
    .option('--first', 'merge it before all others')
    .option('--patch <hash>', 'only if it is still this patch (see "status --json")')
    .withHelp({
      text: 'The approval is for the patch as it is. A rebase that changes the patch needs another review.',
      examples: [
        ['gt mq approve toy-a1b2c -m "read all of it"', 'approve it'],
        ['gt mq approve toy-a1b2c --first', 'merge it before all others'],
      ],
      see: ['gt mq status', 'gt mq reject'],
    })
    .action(async (id: string, { message, first, patch }: ApproveOptions, invocation: Invocation) => {
      const result = await context.call(invocation, MqApprove.spec, { id, message, first, patch });
      context.print(invocation, result, () => `✓ Approved ${result.bead}${first ? '; it is merged next' : ''}`);
    });
}

function addReject(mq: CliCommand, context: GtContext): void {
  mq.command('reject <change>')
    .description('send a change back to its author')
    .addOption('-m, --message <text>', 'what has to change, and why', { mandatory: true })
    .option('--patch <hash>', 'only if it is still this patch (see "status --json")')
    .withHelp({
      text: 'It goes back to the same agent, in its own worktree, with your message.',
      examples: [['gt mq reject toy-a1b2c -m "File names with spaces fail: add a test"', 'ask for a change']],
      see: ['gt mq approve'],
    })
    .action(async (id: string, { message, patch }: { message: string; patch?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, MqReject.spec, { id, message, patch });
      context.print(invocation, result, () => `✓ Sent ${result.bead} back to its author`);
    });
}

function addRetry(mq: CliCommand, context: GtContext): void {
  mq.command('retry <change>')
    .description('retry a merge that waits or has failed')
    .withHelp({ examples: [['gt mq retry toy-a1b2c', 'for example when the network is back']], see: ['gt mq list'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, MqRetry.spec, { id });
      context.print(invocation, result, () => `✓ ${result.bead} is in the merge queue again`);
    });
}

function queueLine(info: MergeRequestInfo): string {
  const notes = [
    stateText(info),
    info.first ? 'first' : `score ${info.score}`,
    info.retries > 0 ? plural(info.retries, 'retry', 'retries') : '',
    info.worker,
  ];
  return `${info.bead} ${info.title} (${notes.filter(Boolean).join('; ')})`;
}

function stateText(info: MergeRequestInfo): string {
  if (info.state !== 'reviewing') return info.state;
  return info.needsPerson ? "waits for a person's review" : 'in review';
}

function statusLines(info: MergeRequestInfo): string[] {
  return [
    `${info.bead} ${info.title}`,
    `  merge request ${info.id}, ${info.rig}, by ${info.worker}`,
    `  branch ${info.branch}`,
    `  ${stateText(info)}${info.approvedBy ? `, approved by ${info.approvedBy}` : ''}`,
    ...(info.note ? [`  author's note: ${info.note}`] : []),
    ...info.reviews.flatMap((review) => [
      '',
      `  ${review.verdict} by ${review.by}, ${review.at}`,
      indent(review.message, 4),
    ]),
  ];
}
