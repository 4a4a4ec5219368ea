import { UserError } from '../../base/errors';
import { PROVIDES } from '../../beads/external/reference';
import { BeadCreate, BeadList, BeadShow, BeadUpdate, type BeadDetails } from '../../protocol/bead';
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
        ? { id, available: bead.status === 'open', holder: bead.assignee ?? null, status: bead.status, waiters: [] }
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

function addHolding(slot: CliCommand, context: BdContext, name: 'acquire' | 'release'): void {
  const command = slot
    .command(name)
    .description(name === 'acquire' ? 'take it, if it is free' : 'give it back')
    .option('--holder <name>', 'who (default: you)');
  if (name === 'acquire') command.option('--wait', 'accepted: only shown in the answer');
  command
    .withHelp({
      examples: [[`bd merge-slot ${name}`, name === 'acquire' ? 'before a merge' : 'after it']],
      exits: { 1: name === 'acquire' ? 'somebody else holds it' : 'you do not hold it' },
      see: ['bd merge-slot check'],
    })
    .action(async (options: { holder?: string }, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const holder = options.holder ?? (await actorName((invocation.options as GlobalOptions).actor, env, cwd));
      const id = await context.withLedger(invocation, (backend) => hold(backend, name, holder));
      context.print(invocation, { id, holder: name === 'acquire' ? holder : null, [`${name}d`]: true }, () =>
        name === 'acquire' ? `✓ Acquired merge slot: ${id} (${oneLine(holder)})` : `✓ Released merge slot: ${id}`,
      );
    });
}

async function hold(backend: Backend, name: 'acquire' | 'release', holder: string): Promise<string> {
  const id = await slotId(backend);
  const bead = await find(backend, id);
  if (!bead) throw new UserError(`merge slot not found: ${id}`, 'Create it: bd merge-slot create', 'not-found');
  if (name === 'acquire') {
    if (bead.assignee && bead.assignee !== holder)
      throw new UserError(`slot held by ${bead.assignee}`, undefined, 'conflict');
    await backend.call(BeadUpdate.spec, { ids: [id], status: 'in_progress', assignee: holder });
  } else {
    if (bead.assignee !== holder)
      throw new UserError(
        bead.assignee ? `slot held by ${bead.assignee}, not ${holder}` : 'slot is not held',
        undefined,
        'conflict',
      );
    await backend.call(BeadUpdate.spec, { ids: [id], status: 'open', assignee: '' });
  }
  return id;
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
