import { UserError } from '../../base/errors';
import { asPlainObject, textsIn } from '../../base/objects';
import { PROVIDES } from '../../beads/external/reference';
import { BeadCreate, BeadList, BeadShow, BeadUpdate, type Bead, type BeadDetails } from '../../protocol/bead';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { actorName } from '../shared/connect';
import { oneLine } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';
import type { Backend } from './localBackend';

/** `bd merge-slot`: a bead that serves as a lock for agents; and `bd ship`. */

export function addMergeSlot(program: CliCommand, context: BdContext): void {
  const slot = program
    .command('merge-slot')
    .description('a bead that serves as a lock for merging')
    .withHelp({ examples: [['bd merge-slot acquire', 'before a merge']], see: ['gt mq list'] });
  slot
    .command('create')
    .description('create the slot of this ledger')
    .withHelp({ examples: [['bd merge-slot create', 'once']], see: ['bd merge-slot acquire'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const bead = await context.withLedger(invocation, async (backend) => {
        const id = await slotId(backend);
        return (
          (await find(backend, id)) ??
          backend.call(BeadCreate.spec, { id, title: 'Merge slot', priority: 0, labels: ['gt:slot'] })
        );
      });
      context.print(invocation, { id: bead.id, status: bead.status }, () => `✓ Created merge slot: ${bead.id}`);
    });
  slot
    .command('check')
    .description('show who holds it')
    .withHelp({ examples: [['bd merge-slot check', 'and whether it is free']], see: ['bd merge-slot acquire'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { id, bead } = await context.withLedger(invocation, async (backend) => {
        const wanted = await slotId(backend);
        return { id: wanted, bead: await find(backend, wanted) };
      });
      const value = bead
        ? {
            id,
            available: bead.status === 'open',
            holder: bead.assignee ?? null,
            status: bead.status,
            waiters: waitersOf(bead),
          }
        : { id, available: false, error: 'not found' };
      context.print(invocation, value, () =>
        !bead
          ? [`Merge slot not found: ${id}`, "Run 'bd merge-slot create' to create one."]
          : bead.assignee
            ? `○ Merge slot held by ${oneLine(bead.assignee)}`
            : `✓ Merge slot available: ${id}`,
      );
    });
  addHolding(slot, context, 'acquire');
  addHolding(slot, context, 'release');
}

interface HoldOptions {
  holder?: string;
  wait?: boolean;
}

function addHolding(slot: CliCommand, context: BdContext, name: 'acquire' | 'release'): void {
  const command = slot
    .command(name)
    .description(name === 'acquire' ? 'take it, if it is free' : 'give it back')
    .option('--holder <name>', 'who (default: you)');
  if (name === 'acquire') command.option('--wait', 'if it has another holder: join the list of those who wait for it');
  command
    .withHelp({
      text:
        name === 'acquire'
          ? 'It never blocks: try again when "bd merge-slot check" says that it is available.'
          : 'The answer names who waits for it.',
      examples: [[`bd merge-slot ${name}`, name === 'acquire' ? 'before a merge' : 'after it']],
      exits: { 1: name === 'acquire' ? 'it has another holder' : 'you do not hold it' },
      see: ['bd merge-slot check'],
    })
    .action(async (options: HoldOptions, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const holder = options.holder ?? (await actorName((invocation.options as GlobalOptions).actor, env, cwd));
      await context.withLedger(invocation, async (backend) => {
        const slot = await requireSlot(backend);
        if (name === 'release') return printRelease(invocation, context, backend, { slot, holder });
        if (await acquire(backend, slot, holder))
          return context.print(
            invocation,
            { id: slot.id, holder, acquired: true },
            () => `✓ Acquired merge slot: ${slot.id} (${oneLine(holder)})`,
          );
        const taken = await requireSlot(backend);
        if (!options.wait)
          throw new UserError(`slot held by ${taken.assignee}`, 'Use --wait to wait for it.', 'conflict');
        await printWaiting(invocation, context, backend, { slot: taken, holder });
      });
    });
}

interface Holding {
  slot: BeadDetails;
  holder: string;
}

async function requireSlot(backend: Backend): Promise<BeadDetails> {
  const id = await slotId(backend);
  const bead = await find(backend, id);
  if (!bead) throw new UserError(`merge slot not found: ${id}`, 'Create it: bd merge-slot create', 'not-found');
  return bead;
}

/** @returns false if it has another holder, also one that was faster */
async function acquire(backend: Backend, slot: BeadDetails, holder: string): Promise<boolean> {
  const ifAssignee = slot.assignee === holder ? holder : '';
  const change = { status: 'in_progress', assignee: holder, removeWaiters: [holder] };
  try {
    await backend.call(BeadUpdate.spec, { ids: [slot.id], ifAssignee, ...change });
    return true;
  } catch (error) {
    if (error instanceof UserError && error.code === 'conflict') return false;
    throw error;
  }
}

async function printWaiting(
  invocation: Invocation,
  context: BdContext,
  backend: Backend,
  { slot, holder }: Holding,
): Promise<void> {
  const [bead] = await backend.call(BeadUpdate.spec, { ids: [slot.id], addWaiters: [holder] });
  const position = waitersOf(bead!).indexOf(holder) + 1;
  context.exitCode = 1;
  const value = { id: slot.id, holder: slot.assignee ?? null, acquired: false, waiting: true, position };
  context.print(
    invocation,
    value,
    () => `○ Merge slot held by ${oneLine(slot.assignee ?? '')}; you are number ${position} of those who wait`,
  );
}

async function printRelease(
  invocation: Invocation,
  context: BdContext,
  backend: Backend,
  { slot, holder }: Holding,
): Promise<void> {
  if (slot.assignee !== holder)
    throw new UserError(
      slot.assignee ? `slot held by ${slot.assignee}, not ${holder}` : 'slot is not held',
      undefined,
      'conflict',
    );
  await backend.call(BeadUpdate.spec, { ids: [slot.id], ifAssignee: holder, status: 'open', assignee: '' });
  const waiters = waitersOf(slot);
  const value = { id: slot.id, holder: null, released: true, ...(waiters.length > 0 ? { waiters } : {}) };
  context.print(invocation, value, () => [
    `✓ Released merge slot: ${slot.id}`,
    ...(waiters.length > 0 ? [`  Waiting for it: ${waiters.map(oneLine).join(', ')}`] : []),
  ]);
}

/** Who waits for the slot, the first one first. */
function waitersOf(bead: Bead | BeadDetails): string[] {
  return textsIn(asPlainObject(bead).waiters);
}

async function slotId(backend: Backend): Promise<string> {
  return `${(await backend.call(LedgerInfoGet.spec, {})).prefix}-merge-slot`;
}

async function find(backend: Backend, id: string): Promise<BeadDetails | undefined> {
  try {
    return (await backend.call(BeadShow.spec, { ids: [id] })).find((bead) => bead.id === id);
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found') return undefined;
    throw error;
  }
}

export function addShip(program: CliCommand, context: BdContext): void {
  program
    .command('ship <capability>')
    .description('publish a capability of this project, which other projects may depend on')
    .option('--force', 'even if its bead is not closed')
    .option('--dry-run', 'only show')
    .withHelp({
      text: 'The bead has the label export:<capability>; it gets the label provides:<capability>.',
      examples: [['bd ship login', 'the bead with the label export:login']],
      see: ['bd label add'],
    })
    .action(async (capability: string, options: { force?: boolean; dryRun?: boolean }, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const [bead] = await backend.call(BeadList.spec, { labels: [`export:${capability}`], all: true, limit: 1 });
        if (!bead)
          throw new UserError(
            `no issue found with label 'export:${capability}'`,
            `add the label first: bd label add <issue-id> export:${capability}`,
            'not-found',
          );
        if (bead.status !== 'closed' && !options.force)
          throw new UserError(
            `issue ${bead.id} is not closed (status: ${bead.status})`,
            'close the issue first, or use --force to override',
            'refused',
          );
        const label = `${PROVIDES}${capability}`;
        if (!options.dryRun) await backend.call(BeadUpdate.spec, { ids: [bead.id], addLabels: [label] });
        const value = { capability, issue_id: bead.id, label, status: options.dryRun ? 'dry_run' : 'shipped' };
        context.print(invocation, value, () =>
          options.dryRun
            ? `→ Would ship '${oneLine(capability)}' on ${bead.id} (dry run)`
            : `✓ Shipped '${oneLine(capability)}' on ${bead.id}`,
        );
      }),
    );
}
