import { UserError } from '../../base/errors';
import { BeadClose, BeadList, BeadShow, CommentAdd, type Bead, type BeadDetails } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { collect, defined } from './options';

/** `bd human` with its commands: beads with the label `human` wait for a person's answer. */

const LABEL = 'human';

export function addHuman(program: CliCommand, context: BdContext): void {
  const human = program
    .command('human')
    .description('show the commands that people use most; its commands answer beads that wait for a person')
    .withHelp({
      text: 'A bead with the label "human" waits for an answer of a person.',
      examples: [
        ['bd human', 'a short list of commands'],
        ['bd human list', 'what waits for an answer'],
      ],
      see: ['bd help', 'bd label add'],
    })
    .action((_options: unknown, invocation: Invocation) =>
      context.print({ ...invocation, options: {} }, undefined, () => humanText.trimEnd()),
    );
  addList(human, context);
  addRespond(human, context);
  addDismiss(human, context);
  addStats(human, context);
}

const humanText = `
bd - Essential Commands for Humans

  create    create a bead              list      list beads
  show      everything about one       ready     what can be started
  update    change one                 search    find by words
  close     end one                    blocked   what waits
  dep add   let one wait for another   stats     how many of each

All commands: bd help
`;

function addList(human: CliCommand, context: BdContext): void {
  human
    .command('list')
    .description('list beads that wait for a person')
    .option('-s, --status <statuses>', 'only with this status', collect)
    .withHelp({ examples: [['bd human list --status open', 'what is not answered']], see: ['bd human respond'] })
    .action(async ({ status }: { status?: string[] }, invocation: Invocation) => {
      const params = { labels: [LABEL], all: true, limit: 0, ...defined({ status }) };
      const beads = await context.call(invocation, BeadList.spec, params);
      context.print(invocation, beads, () =>
        beads.length === 0
          ? 'No human-needed beads found.'
          : ['', `Human-needed beads (${beads.length} found)`, '', ...beads.flatMap(rows)],
      );
    });
}

function rows(bead: Bead): string[] {
  return [
    `  ${bead.id} ${oneLine(bead.title)}`,
    ...(bead.status === 'open' ? [] : [`    Status: ${oneLine(bead.status)}`]),
    ...(bead.priority === 0 ? [] : [`    Priority: P${bead.priority}`]),
    '',
  ];
}

function addRespond(human: CliCommand, context: BdContext): void {
  human
    .command('respond <id>')
    .description('answer a bead and close it')
    .option('-r, --response <text>', 'the answer, kept as a comment')
    .withHelp({ examples: [['bd human respond app-a1b2c -r "Use OAuth"', 'answers it']], see: ['bd human list'] })
    .action(async (id: string, { response }: { response?: string }, invocation: Invocation) => {
      if (!response?.trim()) throw new UserError('--response is required', 'bd human respond <id> -r "the answer"');
      const closed = await context.withLedger(invocation, async (backend) => {
        const bead = await close(backend, (await waiting(backend, id, context)).id, 'Responded');
        await backend.call(CommentAdd.spec, { id: bead.id, text: `Response: ${response}` });
        return bead;
      });
      context.print(invocation, closed, () => `✔ Bead ${closed.id} closed with response.`);
    });
}

function addDismiss(human: CliCommand, context: BdContext): void {
  human
    .command('dismiss <id>')
    .description('close a bead without an answer')
    .option('--reason <text>', 'why')
    .withHelp({ examples: [['bd human dismiss app-a1b2c --reason "not needed"', 'closes it']], see: ['bd human list'] })
    .action(async (id: string, { reason }: { reason?: string }, invocation: Invocation) => {
      const text = reason ? `Dismissed: ${reason}` : 'Dismissed';
      const closed = await context.withLedger(invocation, async (backend) =>
        close(backend, (await waiting(backend, id, context)).id, text),
      );
      context.print(invocation, closed, () => `✔ Bead ${closed.id} dismissed.`);
    });
}

function addStats(human: CliCommand, context: BdContext): void {
  human
    .command('stats')
    .description('count beads that wait for a person, and those that have been answered')
    .withHelp({ examples: [['bd human stats', 'how many of each']], see: ['bd human list'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const beads = await context.call(invocation, BeadList.spec, { labels: [LABEL], all: true, limit: 0 });
      const closed = beads.filter((bead) => bead.status === 'closed');
      const dismissed = closed.filter((bead) => /dismiss/i.test(bead.close_reason ?? '')).length;
      const value = {
        total: beads.length,
        pending: beads.length - closed.length,
        responded: closed.length - dismissed,
        dismissed,
      };
      context.print(invocation, value, () => [
        '',
        'Human Beads Stats',
        '',
        `  Total:      ${value.total}`,
        `  Pending:    ${value.pending}`,
        `  Responded:  ${value.responded}`,
        `  Dismissed:  ${value.dismissed}`,
        '',
      ]);
    });
}

/** @throws UserError if it is already closed */
async function waiting(backend: Backend, given: string, context: BdContext): Promise<BeadDetails> {
  const [bead] = (await backend.call(BeadShow.spec, { ids: [given] })) as [BeadDetails];
  if (bead.status === 'closed') throw new UserError(`issue ${bead.id} is already closed`, undefined, 'conflict');
  if (!bead.labels?.includes(LABEL)) context.note(`Warning: Issue ${bead.id} does not have 'human' label`);
  return bead;
}

/** @throws UserError if it may not be closed */
async function close(backend: Backend, id: string, reason: string): Promise<Bead> {
  const { closed, errors } = await backend.call(BeadClose.spec, { ids: [id], reason });
  if (!closed[0]) throw new UserError(errors[0]?.message ?? `${id} cannot be closed`);
  return closed[0];
}
