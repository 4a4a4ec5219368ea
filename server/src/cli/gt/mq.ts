import { UserError } from '../../base/errors';
import {
  mergeRequestStates,
  MqApprove,
  MqDiff,
  MqGet,
  MqList,
  MqLog,
  MqReject,
  MqReorder,
  MqRetry,
  MqSubmit,
  type MergeRequestInfo,
  type MergeRequestState,
  type MqListFilter,
} from '../../protocol/town';
import { InvalidValue, type CliCommand, type Invocation } from '../shared/command';
import type { GtContext } from './context';
import { judgementLines, logLines, queueLine, statusLines, submittedLines } from './mqText';

interface ListOptions extends Omit<MqListFilter, 'rig' | 'status'> {
  status?: MergeRequestState;
}

interface ApproveOptions {
  message?: string;
  first?: boolean;
  forAll?: boolean;
  patch?: string;
}

interface SubmitOptions {
  issue?: string;
  branch?: string;
  priority?: number;
  message?: string;
}

/** `gt mq`: the merge queue and its reviews. An id is that of a merge request or of its bead, or a branch. */
export function addMq(program: CliCommand, context: GtContext): void {
  const mq = program.command('mq').alias('mr').description('the merge queue and its reviews');
  addList(mq, context);
  addNext(mq, context);
  addStatus(mq, context);
  addSubmit(mq, context);
  addApprove(mq, context);
  addReject(mq, context);
  addRetry(mq, context);
  addReorder(mq, context);
  addLog(mq, context);
}

export function addList(mq: CliCommand, context: GtContext): void {
  mq.command('list [rig]')
    .description('list the merge queue in its order')
    .option('--all', 'also ended requests, the latest first')
    .addOption('--status <state>', 'only those in this state', { choices: mergeRequestStates })
    .option('--ready', 'only what could be merged at this moment')
    .option('--blocked', 'only requests that are blocked, for example by a review')
    .option('--worker <agent>', 'only the work of this agent')
    .withHelp({
      examples: [
        ['gt mq list', 'of all rigs'],
        ['gt mq list toy --all', 'of one rig, with merged requests'],
        ['gt mq list --status failed', 'requests that were given up'],
      ],
      see: ['gt mq status'],
    })
    .action(async (rig: string | undefined, options: ListOptions, invocation: Invocation) => {
      const { all, status, ready, blocked, worker } = options;
      const list = await context.call(invocation, MqList.spec, { rig, all, status, ready, blocked, worker });
      const isFiltered = [all, status, ready, blocked, worker].some((filter) => filter !== undefined);
      context.print(invocation, list, () => {
        if (list.length > 0) return list.map(queueLine);
        return isFiltered ? 'No such merge requests' : 'The merge queue is empty';
      });
    });
}

function addNext(mq: CliCommand, context: GtContext): void {
  mq.command('next [rig]')
    .description('show the next requests to be merged')
    .addOption('--strategy <strategy>', 'priority: as it is merged; fifo: the oldest', {
      choices: ['priority', 'fifo'],
    })
    .withHelp({
      examples: [
        ['gt mq next toy', 'the first one in the queue'],
        ['gt mq next toy --strategy fifo', 'the one that waits longest'],
      ],
      see: ['gt mq list'],
    })
    .action(async (rig: string | undefined, { strategy }: { strategy?: string }, invocation: Invocation) => {
      const next = await context.withTown(invocation, async (town) => {
        const list = await town.call(MqList.spec, { rig });
        const ready = list.filter(({ state, waitsFor }) => state === 'merging' || (state === 'queued' && !waitsFor));
        const first = strategy === 'fifo' ? oldest(ready) : ready[0];
        return first && (await town.call(MqGet.spec, { id: first.id }));
      });
      context.print(invocation, next ?? null, () => (next ? queueLine(next) : 'Nothing is ready to merge'));
    });
}

function oldest(list: readonly MergeRequestInfo[]): MergeRequestInfo | undefined {
  return [...list].sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id))[0];
}

function addStatus(mq: CliCommand, context: GtContext): void {
  mq.command('status <change>')
    .description('show one merge request with its reviews, also one that has ended')
    .option('--diff', 'also the change itself')
    .withHelp({
      examples: [
        ['gt mq status toy-a1b2c', "its state, its checks, the author's note and the reviews"],
        ['gt mq status toy-a1b2c --diff', 'and the change'],
      ],
      see: ['gt mq log', 'gt mq approve', 'gt mq reject'],
    })
    .action(async (id: string, { diff: withDiff }: { diff?: boolean }, invocation: Invocation) => {
      const { info, diff } = await context.withTown(invocation, async (town) => {
        const found = await town.call(MqGet.spec, { id });
        if (!withDiff) return { info: found, diff: undefined };
        return { info: found, diff: (await town.call(MqDiff.spec, { id: found.id })).text };
      });
      context.print(invocation, diff === undefined ? info : { ...info, diff }, () => [
        ...statusLines(info),
        ...(diff === undefined ? [] : ['', diff.trimEnd()]),
      ]);
    });
}

function addSubmit(mq: CliCommand, context: GtContext): void {
  mq.command('submit')
    .description('submit the work of a polecat or of the crew to the merge queue')
    .argument('[agent]', 'whose work it is, such as toy/rust or toy/crew/joe')
    .option('--issue <bead>', 'the bead whose work it is')
    .option('--branch <branch>', 'the branch of the work')
    .option(
      '-p, --priority <priority>',
      'of the merge request, 0 (most urgent) to 4 (default: that of the bead)',
      priority,
    )
    .option('-m, --message <text>', 'a note for the reviewer')
    .withHelp({
      text: 'An agent submits its own work, as with "gt done", and its session ends. A person submits the work of an agent whose session has ended, such as one that was stopped. The same checks as for "gt done" apply: everything is committed, there is a change, and its steps are done.\nOf a member of the crew, the commits of the branch that is checked out in its clone, or of --branch, are submitted as they are now; the clone is left alone, and the member may continue. They belong to the bead named by --issue or by the name of the branch, or to a new one. Work that is sent back comes to the member as mail.',
      examples: [
        ['gt mq submit', "for agents: the caller's work"],
        ['gt mq submit --issue toy-a1b2c -p 0', 'the work on a bead, as an urgent one'],
        ['gt mq submit toy/crew/joe --branch fix -m "Login works"', 'a branch of the crew, for a new bead'],
      ],
      exits: { 1: 'something is not committed, or there is nothing to submit' },
      see: ['gt done', 'gt land'],
    })
    .action(async (agent: string | undefined, options: SubmitOptions, invocation: Invocation) => {
      const { issue: bead, branch, priority: urgency, message } = options;
      const params = { agent, bead, branch, priority: urgency, message };
      const result = await context.call(invocation, MqSubmit.spec, params);
      context.print(invocation, result, () => submittedLines(result));
    });
}

function priority(text: string): number {
  const [, digit] = /^[pP]?([0-4])$/.exec(text) ?? [];
  if (digit === undefined) throw new InvalidValue('Valid: 0 to 4, or P0 to P4');
  return Number(digit);
}

function addApprove(mq: CliCommand, context: GtContext): void {
  mq.command('approve <change>')
    .description('approve a change, so that it is merged')
    .option('-m, --message <text>', 'what you reviewed')
    .option('--first', 'merge it before all others')
    .option('--for-all', 'also in place of the reviewers that have not answered')
    .option('--patch <hash>', 'only if it is still this patch (see "status --json")')
    .withHelp({
      text: 'The approval covers the current patch. A rebase that changes the patch needs another review. If a rig has several reviewers, and a person is one of them, it is merged once the others have approved it, too.',
      examples: [
        ['gt mq approve toy-a1b2c -m "read all of it"', 'approve it'],
        ['gt mq approve toy-a1b2c --first', 'merge it before all others'],
        ['gt mq approve toy-a1b2c --for-all', 'wait for no other reviewer'],
      ],
      see: ['gt mq status', 'gt mq reject'],
    })
    .action(async (id: string, { message, first, forAll, patch }: ApproveOptions, invocation: Invocation) => {
      const result = await context.call(invocation, MqApprove.spec, { id, message, first, forAll, patch });
      context.print(invocation, result, () =>
        result.waitsFor
          ? `✓ Approved ${result.bead}; still to answer: ${result.waitsFor.join(', ')}`
          : `✓ Approved ${result.bead}${first ? '; it is merged next' : ''}`,
      );
    });
}

function addReject(mq: CliCommand, context: GtContext): void {
  mq.command('reject <change>')
    .description('send a change back to its author')
    .option('-m, --message <text>', 'what has to change, and why')
    .option('-r, --reason <text>', 'the same')
    .option('--patch <hash>', 'only if it is still this patch (see "status --json")')
    .withHelp({
      text: 'The bead returns to the same agent, in its own worktree, with your message. Without a message the agent is asked to compare its change with the bead.',
      examples: [
        ['gt mq reject toy-a1b2c -m "File names with spaces fail: add a test"', 'ask for a change'],
        ['gt mq reject toy-a1b2c', 'without a reason'],
      ],
      see: ['gt mq approve'],
    })
    .action(
      async (id: string, options: { message?: string; reason?: string; patch?: string }, invocation: Invocation) => {
        const { message = options.reason, patch } = options;
        const result = await context.call(invocation, MqReject.spec, { id, message, patch });
        context.print(invocation, result, () =>
          result.waitsFor
            ? `✓ Rejected ${result.bead}; still to answer: ${result.waitsFor.join(', ')}`
            : `✓ Sent ${result.bead} back to its author`,
        );
      },
    );
}

function addRetry(mq: CliCommand, context: GtContext): void {
  mq.command('retry <change>')
    .description('retry a merge that waits or has failed, with its checks')
    .withHelp({
      text: 'Checks that have failed run again. Work that its checks or reviewers sent back until its bead failed is submitted once more, as it is.',
      examples: [['gt mq retry toy-a1b2c', 'for example when the network is back, or a gate was at fault']],
      see: ['gt mq log', 'gt mq list'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, MqRetry.spec, { id });
      context.print(invocation, result, () => `✓ ${result.bead} is in the merge queue again`);
    });
}

function addReorder(mq: CliCommand, context: GtContext): void {
  mq.command('reorder <change>')
    .description('move a change to another place in the merge queue')
    .option('--first', 'before all others')
    .option('--last', 'after all others')
    .option('--before <change>', 'right before this one')
    .withHelp({
      text: 'It keeps this place even if the scores of others change. A change that is still in review is merged once it is approved.',
      examples: [
        ['gt mq reorder toy-a1b2c --first', 'merge it next'],
        ['gt mq reorder toy-a1b2c --before toy-d3e4f', 'merge it before that one'],
      ],
      see: ['gt mq list'],
    })
    .action(
      async (
        id: string,
        { first, last, before }: { first?: boolean; last?: boolean; before?: string },
        invocation: Invocation,
      ) => {
        const places = [first ? 'first' : undefined, last ? 'last' : undefined, before ? 'before' : undefined];
        const [place, ...more] = places.filter((name): name is 'first' | 'last' | 'before' => name !== undefined);
        if (place === undefined || more.length > 0)
          throw new UserError('name the new position', 'one of --first, --last and --before <change>', 'invalid');
        const result = await context.call(invocation, MqReorder.spec, { id, place, before });
        context.print(invocation, result, () => `✓ ${result.bead} is merged ${place} ${before ?? ''}`.trimEnd());
      },
    );
}

function addLog(mq: CliCommand, context: GtContext): void {
  mq.command('log <change>')
    .description('show the gate logs and reviews of a change')
    .option('--gate <name>', 'the log of this gate only')
    .option('--diff', 'also the change itself')
    .withHelp({
      text: 'A gate with a cached result from the same files did not run again and has no log.',
      examples: [
        ['gt mq log toy-a1b2c', 'all gates, with the paths of their logs'],
        ['gt mq log toy-a1b2c --gate test', 'one gate'],
        ['gt mq log toy-a1b2c --diff', 'and the change'],
      ],
      see: ['gt mq status', 'gt mq retry'],
    })
    .action(async (id: string, { gate, diff: withDiff }: { gate?: string; diff?: boolean }, invocation: Invocation) => {
      const { log, diff } = await context.withTown(invocation, async (town) => {
        const found = await town.call(MqLog.spec, { id, gate });
        return {
          log: found,
          ...(withDiff ? { diff: (await town.call(MqDiff.spec, { id: found.mergeRequest })).text } : {}),
        };
      });
      context.print(invocation, diff === undefined ? log : { ...log, diff }, () => [
        ...logLines(log),
        ...(gate === undefined ? judgementLines(log) : []),
        ...(diff === undefined ? [] : ['', diff.trimEnd()]),
      ]);
    });
}
