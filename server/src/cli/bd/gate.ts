import { durationText } from '../../base/duration';
import { UserError } from '../../base/errors';
import { gateOpensAt } from '../../beads/model/closing';
import {
  BeadClose,
  BeadCreate,
  BeadList,
  BeadShow,
  BeadUpdate,
  type Bead,
  type BeadDetails,
} from '../../protocol/bead';
import { awaitTypes } from '../../protocol/vocabulary';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { plainBead } from './moleculeSteps';
import { oneOf, parseDuration, parseLimit } from './options';

/** `bd gate`: beads that block others until an outside condition is met. */

export function addGate(program: CliCommand, context: BdContext): void {
  const gate = program
    .command('gate')
    .description('gates: beads that block steps until a condition is met')
    .withHelp({
      text: 'Kinds: human (a person opens it), timer, bead (another bead is closed), gh:run, gh:pr and mail (opened by whoever watches them).',
      examples: [['bd gate list', 'all that are shut']],
      see: ['bd blocked', 'bd ready'],
    });
  addList(gate, context);
  addShow(gate, context);
  addResolve(gate, context);
  addWaiter(gate, context);
  addCheck(gate, context);
  addCreate(gate, context);
  addDiscover(gate);
}

function addList(gate: CliCommand, context: BdContext): void {
  gate
    .command('list')
    .description('list pending gates')
    .option('--all', 'also those that are resolved')
    .option('-n, --limit <count>', 'maximum number of results; 0 for all', parseLimit, 0)
    .withHelp({ examples: [['bd gate list --all', 'every gate']], see: ['bd gate show'] })
    .action(async (options: { all?: boolean; limit: number }, invocation: Invocation) => {
      const filter = {
        type: ['gate'],
        limit: options.limit,
        sort: 'title',
        reverse: true,
        ...(options.all ? { all: true } : {}),
      };
      const gates = await context.call(invocation, BeadList.spec, filter);
      context.print(invocation, gates.map(plainBead), () =>
        gates.length === 0
          ? 'No gates found.'
          : [
              '',
              `⏳ Open Gates (${gates.length}):`,
              '',
              ...gates.flatMap((bead) => [
                `${bead.status === 'closed' ? '✓' : '○'} ${bead.id} - ${kindText(bead)}`,
                '',
              ]),
              'To resolve a gate: bd close <gate-id>',
            ],
      );
    });
}

function kindText(bead: Pick<BeadDetails, 'id'> & Record<string, unknown>): string {
  const kind = [bead.await_type, bead.await_id]
    .filter((part) => typeof part === 'string')
    .map((part) => oneLine(String(part)));
  const timeout = typeof bead.timeout === 'number' ? ` (timeout: ${durationText(bead.timeout)})` : '';
  return `${kind.join(' ')}${timeout}`;
}

async function gateOf(backend: Backend, id: string): Promise<BeadDetails & Record<string, unknown>> {
  const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
  if (bead!.issue_type !== 'gate') throw new UserError(`${bead!.id} is not a gate issue (type=${bead!.issue_type})`);
  return bead as BeadDetails & Record<string, unknown>;
}

function addShow(gate: CliCommand, context: BdContext): void {
  gate
    .command('show <id>')
    .description('show one gate')
    .withHelp({ examples: [['bd gate show app-a1b2c', 'what it waits for']], see: ['bd gate list'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const bead = await context.withLedger(invocation, (backend) => gateOf(backend, id));
      const line = (name: string, value: unknown): string[] =>
        typeof value === 'string' && value !== '' ? [`  ${name}: ${oneLine(value)}`] : [];
      const { dependencies: _needs, dependents: _needed, ...plain } = bead;
      context.print(invocation, plain, () => [
        `${bead.status === 'closed' ? '✓' : '○'} ${bead.id} - ${oneLine(bead.title)}`,
        ...line('Status', bead.status),
        ...line('Await Type', bead.await_type),
        ...line('Await ID', bead.await_id),
        ...(typeof bead.timeout === 'number' ? [`  Timeout: ${durationText(bead.timeout)}`] : []),
        ...line('Description', bead.description),
        ...(Array.isArray(bead.waiters) ? [`  Waiters: ${bead.waiters.map(String).map(oneLine).join(', ')}`] : []),
      ]);
    });
}

function addResolve(gate: CliCommand, context: BdContext): void {
  gate
    .command('resolve <id>')
    .description('open a gate: the steps behind it can continue')
    .option('-r, --reason <text>', 'why')
    .withHelp({ examples: [['bd gate resolve app-a1b2c --reason approved', 'opens it']], see: ['bd gate check'] })
    .action(async (id: string, options: { reason?: string }, invocation: Invocation) => {
      const { closed } = await context.withLedger(invocation, async (backend) => {
        const bead = await gateOf(backend, id);
        return backend.call(BeadClose.spec, { ids: [bead.id], reason: options.reason ?? 'Gate resolved' });
      });
      context.print(invocation, closed[0], () => [
        `✓ Gate resolved: ${closed[0]!.id}`,
        ...(options.reason ? [`  Reason: ${oneLine(options.reason)}`] : []),
      ]);
    });
}

function addWaiter(gate: CliCommand, context: BdContext): void {
  gate
    .command('add-waiter')
    .description('note who waits for a gate')
    .argument('<id>')
    .argument('<address>', 'such as toy/polecats/rust')
    .withHelp({ examples: [['bd gate add-waiter app-a1b2c toy/polecats/rust', 'one more']], see: ['bd gate show'] })
    .action(async (id: string, address: string, _options: unknown, invocation: Invocation) => {
      const { bead, isNew } = await context.withLedger(invocation, async (backend) => {
        const found = await gateOf(backend, id);
        const known = Array.isArray(found.waiters) && found.waiters.includes(address);
        if (known) return { bead: found, isNew: false };
        const [changed] = await backend.call(BeadUpdate.spec, { ids: [found.id], addWaiters: [address] });
        return { bead: changed!, isNew: true };
      });
      context.print(invocation, { gate_id: bead.id, waiter: address, added: isNew }, () =>
        isNew
          ? `✓ Added waiter to gate ${bead.id}: ${oneLine(address)}`
          : `Waiter already registered on gate ${bead.id}`,
      );
    });
}

function parseAwaitType(text: string): string {
  return oneOf(text, awaitTypes, 'type');
}

function parseKind(text: string): string {
  return oneOf(text, [...awaitTypes, 'gh', 'all'], 'type');
}

interface CheckOptions {
  type?: string;
  dryRun?: boolean;
}

function addCheck(gate: CliCommand, context: BdContext): void {
  gate
    .command('check')
    .description('open the gates whose time is over or whose bead is closed')
    .option('-t, --type <type>', 'only of this kind: timer, bead, gh:run, gh:pr; all for every one', parseKind)
    .option('--dry-run', 'only show')
    .option('-e, --escalate', 'accepted: the town escalates automatically')
    .option('-l, --limit <count>', 'accepted: all gates are checked', parseLimit)
    .withHelp({
      text: 'Gates on GitHub and on mail are opened by whoever watches them: this program does not contact other services.',
      examples: [['bd gate check --dry-run', 'show what would open']],
      see: ['bd gate list'],
    })
    .action(async (options: CheckOptions, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const all = await backend.call(BeadList.spec, { type: ['gate'], limit: 0 });
        const kind = options.type === 'gh' ? ['gh:run', 'gh:pr'] : [options.type];
        const gates = all.filter(
          (bead) => !options.type || options.type === 'all' || kind.includes(String(bead.await_type)),
        );
        if (gates.length === 0)
          return context.print(invocation, figures(0, 0, options), () =>
            options.type ? `No open gates of type '${oneLine(options.type)}' found.` : 'No open gates found.',
          );
        const due = await dueGates(backend, gates);
        if (!options.dryRun && due.length > 0)
          await backend.call(BeadClose.spec, { ids: due.map(({ bead }) => bead.id), reason: 'gate condition met' });
        context.print(invocation, figures(gates.length, due.length, options), () => [
          ...due.map(({ bead, why }) => `✓ ${bead.id}: ${options.dryRun ? 'would resolve' : 'resolved'} - ${why}`),
          '',
          `Checked ${gates.length} gates: ${due.length} resolved, 0 escalated, 0 errors`,
        ]);
      }),
    );
}

function figures(checked: number, resolved: number, { dryRun }: CheckOptions) {
  return { checked, resolved, escalated: 0, errors: 0, dry_run: dryRun === true };
}

/** Gates whose condition this program can check and is met. */
async function dueGates(backend: Backend, gates: readonly Bead[]): Promise<{ bead: Bead; why: string }[]> {
  const awaited = gates.flatMap((bead) =>
    bead.await_type === 'bead' && typeof bead.await_id === 'string' ? [bead.await_id] : [],
  );
  const ids = awaited.map((id) => id.slice(id.indexOf(':') + 1));
  const found = ids.length > 0 ? await backend.call(BeadList.spec, { ids, all: true, limit: 0 }) : [];
  const byId = new Map<string, Bead>(found.map((bead) => [bead.id, bead]));
  const now = Date.now();
  return gates.flatMap((bead) => {
    const end = gateOpensAt({ get: (id) => byId.get(id) }, bead);
    if (end === undefined || end > now) return [];
    const ago = Math.max(0, Math.round((now - end) / 1000));
    return [{ bead, why: bead.await_type === 'timer' ? `timer expired ${ago}s ago` : 'the bead is closed' }];
  });
}

interface CreateGateOptions {
  blocks: string;
  type: string;
  awaitId?: string;
  timeout?: number;
  reason?: string;
}

function addCreate(gate: CliCommand, context: BdContext): void {
  const command = gate.command('create').description('block a bead until a condition is met');
  command.addOption('--blocks <id>', 'the bead that waits', { mandatory: true });
  command
    .option('-t, --type <type>', 'human, timer, bead, gh:run, gh:pr or mail', parseAwaitType, 'human')
    .option('--await-id <id>', 'the bead, run or request that it waits for')
    .option('--timeout <duration>', 'for a timer, such as 30m or 2h', parseDuration)
    .option('-r, --reason <text>', 'why')
    .withHelp({
      examples: [['bd gate create --blocks app-a1b2c --type timer --timeout 2h', 'in two hours']],
      see: ['bd gate resolve'],
    })
    .action(async (options: CreateGateOptions, invocation: Invocation) => {
      const bead = await context.withLedger(invocation, async (backend) => {
        const [waiting] = await backend.call(BeadShow.spec, { ids: [options.blocks] });
        const title = `Gate: ${options.type}${options.awaitId ? ` ${options.awaitId}` : ''}`;
        return backend.call(BeadCreate.spec, {
          title,
          type: 'gate',
          priority: waiting!.priority,
          description: options.reason ?? `Gate for ${waiting!.id}`,
          awaitType: options.type,
          ...(options.awaitId ? { awaitId: options.awaitId } : {}),
          ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
          // As on the command line: the other bead waits for this one.
          deps: [['blocks', waiting!.id]],
        });
      });
      context.print(invocation, bead, () => `✓ Created gate: ${bead.id} (blocks ${options.blocks})`);
    });
}

function addDiscover(gate: CliCommand): void {
  gate
    .command('discover')
    .description('not supported: this program does not contact other services')
    .withHelp({ examples: [['bd gate discover', 'prints what to do instead']], see: ['bd update'] })
    .action(() => {
      throw new UserError(
        'gates on GitHub are not watched by this program',
        'Set the run by hand: bd update <gate> --await-id <run>, and open the gate: bd gate resolve <gate>.',
        'unavailable',
      );
    });
}
