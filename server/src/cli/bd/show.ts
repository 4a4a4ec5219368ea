import { UserError } from '../../base/errors';
import { BeadList, BeadShow, type Bead, type BeadDetails } from '../../protocol/bead';
import { detailsOfAll, relatedText, shortLine } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { indent, oneLine, printable } from '../shared/output';
import type { Backend } from './localBackend';
import type { BdContext } from './context';
import { actorName } from '../shared/connect';

interface ShowOptions {
  id?: string[];
  short?: boolean;
  children?: boolean;
  refs?: boolean;
  thread?: boolean;
  current?: boolean;
  watch?: boolean;
}

export function addShow(program: CliCommand, context: BdContext): void {
  program
    .command('show [ids...]')
    .alias('view')
    .description('show everything about beads')
    .option('--id <id>', 'one more id; for ids that start with a hyphen', repeat)
    .option('--short', 'one line each')
    .option('--children', 'only their children')
    .option('--refs', 'only the beads that depend on them')
    .option('--thread', 'the whole conversation that a message belongs to')
    .option('--current', 'the bead that you are working on')
    .option('-w, --watch', 'print it again whenever it changes, until you interrupt it')
    .option('--long', 'accepted: everything is shown')
    .option('--include-comments', 'accepted: comments are shown')
    .option('--include-dependents', 'accepted: dependents are shown')
    .option('--local-time', 'accepted: dates are shown')
    .withHelp({
      examples: [
        ['bd show app-a1b2c', 'one bead'],
        ['bd show a1b2c d3e4f --short', 'one line each'],
        ['bd show app-a1b2c --json', 'for a program'],
      ],
      exits: { 1: 'at least one was not found; the others are shown' },
      see: ['bd dep tree', 'bd comments', 'bd events'],
    })
    .action(async (words: string[], options: ShowOptions, invocation: Invocation) => {
      const beads = await context.withLedger(invocation, async (backend) => {
        const ids = [
          ...words,
          ...(options.id ?? []),
          ...(options.current ? await current(invocation, context, backend) : []),
        ];
        if (ids.length === 0)
          throw new UserError('at least one issue ID is required (use positional args or --id flag)');
        if (options.thread) return printThread(invocation, context, backend, ids[0] ?? '');
        return found(invocation, context, backend, ids);
      });
      if (!beads || beads.length === 0) return;
      printBeads(invocation, context, beads, options);
      if (options.watch) await watch(invocation, context, options, beads);
    });
}

const WATCH_MS = 2_000;

/**
 * Shows the beads again after each change. Each read reopens the ledger, so that outside of a town other commands can
 * write in between.
 */
async function watch(
  invocation: Invocation,
  context: BdContext,
  options: ShowOptions,
  shown: BeadDetails[],
): Promise<void> {
  const ids = shown.map((bead) => bead.id);
  for (let last = JSON.stringify(shown); ; ) {
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const beads = await context.call(invocation, BeadShow.spec, { ids });
    const now = JSON.stringify(beads);
    if (now !== last) printBeads(invocation, context, beads, options);
    last = now;
  }
}

function repeat(text: string, earlier: string[] = []): string[] {
  return [...earlier, text];
}

/** The beads in progress of the caller. */
async function current(invocation: Invocation, context: BdContext, backend: Backend): Promise<string[]> {
  const { cwd, env } = context.process;
  const assignee = await actorName((invocation.options as { actor?: string }).actor, env, cwd);
  const beads = await backend.call(BeadList.spec, { status: ['in_progress', 'hooked'], assignee });
  if (beads.length === 0)
    throw new UserError('no issue in progress', 'Name one, or claim one: bd ready --claim', 'not-found');
  return beads.map((bead) => bead.id);
}

/** The beads that exist; prints an error for each missing one. */
async function found(
  invocation: Invocation,
  context: BdContext,
  backend: Backend,
  ids: string[],
): Promise<BeadDetails[]> {
  const beads: BeadDetails[] = [];
  const seen = new Set<string>();
  for (const id of ids) {
    try {
      for (const bead of await backend.call(BeadShow.spec, { ids: [id] })) {
        if (!seen.has(bead.id)) beads.push(bead);
        seen.add(bead.id);
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      context.printError(invocation, new UserError(`fetching ${id}: ${error.message}`, error.hint, error.code));
      context.exitCode = 1;
    }
  }
  return beads;
}

function printBeads(invocation: Invocation, context: BdContext, beads: BeadDetails[], options: ShowOptions): void {
  const { paint } = context;
  const children = (bead: BeadDetails) => bead.dependents.filter((other) => other.dependency_type === 'parent-child');
  const references = (bead: BeadDetails) => bead.dependents.filter((other) => other.dependency_type !== 'parent-child');
  if (options.children)
    context.print(invocation, Object.fromEntries(beads.map((bead) => [bead.id, children(bead)])), () =>
      beads.flatMap((bead) => [
        `↳ Children of ${bead.id} (${children(bead).length}):`,
        ...children(bead).map((child) => `  ↳ ${relatedText(child, paint)}`),
      ]),
    );
  else if (options.refs)
    context.print(invocation, Object.fromEntries(beads.map((bead) => [bead.id, references(bead)])), () =>
      beads.flatMap((bead) => ['', `📎 References to ${bead.id}:`, ...referenceLines(references(bead))]),
    );
  else
    context.print(invocation, beads.map(withoutEmpty), () =>
      options.short ? beads.map((bead) => shortLine(bead, paint)) : detailsOfAll(beads, paint),
    );
}

function referenceLines(beads: BeadDetails['dependents']): string[] {
  const types = [...new Set(beads.map((bead) => bead.dependency_type))];
  return types.flatMap((type) => {
    const group = beads.filter((bead) => bead.dependency_type === type);
    return [
      '',
      `  ◊ ${oneLine(type)} (${group.length}):`,
      ...group.map((bead) => `    ${bead.id}: ${oneLine(bead.title)} [P${bead.priority} - ${oneLine(bead.status)}]`),
    ];
  });
}

/** A bead without empty lists, as in `issues.jsonl`. */
function withoutEmpty(bead: BeadDetails): Record<string, unknown> {
  return Object.fromEntries(Object.entries(bead).filter(([, value]) => !(Array.isArray(value) && value.length === 0)));
}

async function printThread(invocation: Invocation, context: BdContext, backend: Backend, id: string): Promise<void> {
  const all = await backend.call(BeadList.spec, { all: true, limit: 0 });
  const byId = new Map<string, Bead>(all.map((bead) => [bead.id, bead]));
  const [start] = await backend.call(BeadShow.spec, { ids: [id] });
  const repliesTo = (bead: Bead): string | undefined =>
    bead.dependencies?.find((edge) => edge.type === 'replies-to')?.depends_on_id;
  let root = byId.get(start?.id ?? '');
  const above = new Set<string>();
  for (let next = root; next && !above.has(next.id); next = byId.get(repliesTo(next) ?? '')) {
    above.add(next.id);
    root = next;
  }
  const messages: { bead: Bead; depth: number }[] = [];
  const visit = (bead: Bead, depth: number): void => {
    if (messages.some((other) => other.bead.id === bead.id)) return;
    messages.push({ bead, depth });
    for (const reply of all.filter((other) => repliesTo(other) === bead.id)) visit(reply, depth + 1);
  };
  if (root) visit(root, 0);
  context.print(
    invocation,
    messages.map(({ bead }) => bead),
    () => [
      '',
      `📬 Thread: ${oneLine(root?.title ?? '')}`,
      '─'.repeat(66),
      ...messages.flatMap(({ bead, depth }) => messageLines(bead, depth, repliesTo(bead))),
      `Total: ${messages.length} messages in thread`,
    ],
  );
}

function messageLines(bead: Bead, depth: number, parent: string | undefined): string[] {
  const margin = '  '.repeat(depth);
  const time = `${bead.created_at.slice(0, 10)} ${bead.created_at.slice(11, 16)}`;
  return [
    `${margin}📧 ${bead.id} ${time}`,
    `${margin}  From: ${oneLine(typeof bead.sender === 'string' ? bead.sender : '')}  To: ${oneLine(bead.assignee ?? '')}`,
    ...(parent === undefined ? [] : [`${margin}  Re: ${parent}`]),
    `${margin}  Subject: ${oneLine(bead.title)}`,
    ...(bead.description ? [indent(printable(bead.description), 2 * depth + 2)] : []),
    '',
  ];
}
