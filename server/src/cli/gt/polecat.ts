import { UserError } from '../../base/errors';
import { PolecatNuke, PolecatRestore, SnapshotList } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { agentLine } from '../shared/townText';
import { listAgents } from './agents';
import type { GtContext } from './context';

export function addPolecat(program: CliCommand, context: GtContext): void {
  const polecat = program.command('polecat').description('polecats: agents with a worktree of their own');
  addList(polecat, context);
  addStatus(polecat, context);
  addNuke(polecat, context);
  addSnapshots(polecat, context);
  addRestore(polecat, context);
}

function addList(polecat: CliCommand, context: GtContext): void {
  polecat
    .command('list [rig]')
    .description('list polecats')
    .withHelp({
      examples: [
        ['gt polecat list', 'of all rigs'],
        ['gt polecat list toy', 'of one rig'],
      ],
      see: ['gt agents'],
    })
    .action(async (rig: string | undefined, _options: unknown, invocation: Invocation) => {
      const polecats = (await listAgents(invocation, context)).filter(
        (agent) => agent.role === 'polecat' && (rig === undefined || agent.rig === rig),
      );
      context.print(invocation, polecats, () =>
        polecats.length > 0 ? polecats.map((agent) => agentLine(agent)) : 'No polecats',
      );
    });
}

function addStatus(polecat: CliCommand, context: GtContext): void {
  polecat
    .command('status <agent>')
    .description('show one polecat')
    .withHelp({
      examples: [['gt polecat status toy/rust', 'its worktree and runtime']],
      see: ['gt peek'],
    })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      const address = name.includes('/polecats/') ? name : name.replace('/', '/polecats/');
      const agent = (await listAgents(invocation, context)).find(
        (candidate) => candidate.role === 'polecat' && candidate.id === address,
      );
      if (!agent) throw new UserError(`there is no polecat ${name}`, 'see "gt polecat list"', 'not-found');
      context.print(invocation, agent, () => [
        agentLine(agent),
        `  worktree ${agent.worktree ?? '(none)'}`,
        ...(agent.runtime ? [`  runtime ${agent.runtime}`] : []),
        ...(agent.since ? [`  since ${agent.since}`] : []),
      ]);
    });
}

function addNuke(polecat: CliCommand, context: GtContext): void {
  polecat
    .command('nuke <agent>')
    .description('remove a polecat and its worktree; a snapshot is kept')
    .option('--force', 'even if its work waits to be merged')
    .withHelp({
      text: 'The snapshot has all uncommitted and untracked files. The bead waits until it is slung again.',
      examples: [
        ['gt polecat nuke toy/rust', 'remove it'],
        ['gt polecat nuke toy/rust --force', 'even if its work waits to be merged'],
      ],
      see: ['gt polecat restore', 'gt polecat snapshots'],
    })
    .action(async (agent: string, { force }: { force?: boolean }, invocation: Invocation) => {
      const result = await context.call(invocation, PolecatNuke.spec, { agent, force });
      context.print(invocation, result, () => [
        `✓ Removed ${result.agent}${result.bead ? `; sling ${result.bead} again to continue it` : ''}`,
        ...(result.snapshot
          ? [`  restore its work: gt polecat restore ${result.bead ?? ''} --snapshot ${result.snapshot}`]
          : []),
      ]);
    });
}

function addSnapshots(polecat: CliCommand, context: GtContext): void {
  polecat
    .command('snapshots [bead]')
    .description('list snapshots of removed worktrees')
    .option('--rig <name>', 'of one rig')
    .withHelp({
      examples: [
        ['gt polecat snapshots toy-a1b2c', 'of one bead'],
        ['gt polecat snapshots --rig toy', 'of one rig'],
      ],
      see: ['gt polecat restore'],
    })
    .action(async (bead: string | undefined, { rig }: { rig?: string }, invocation: Invocation) => {
      const list = await context.call(invocation, SnapshotList.spec, { bead, rig });
      context.print(invocation, list, () =>
        list.length > 0
          ? list.map((snapshot) => `${snapshot.label} ${snapshot.commit.slice(0, 10)} ${snapshot.at}`)
          : 'No snapshots',
      );
    });
}

function addRestore(polecat: CliCommand, context: GtContext): void {
  polecat
    .command('restore <bead>')
    .description('put a snapshot on a hook again')
    .option('--snapshot <label>', 'which one (default: the newest of the bead)')
    .withHelp({
      examples: [
        ['gt polecat restore toy-a1b2c', 'the newest snapshot'],
        ['gt polecat restore toy-a1b2c --snapshot furiosa-20260101T120000', 'a certain one'],
      ],
      see: ['gt session start'],
    })
    .action(async (bead: string, { snapshot }: { snapshot?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, PolecatRestore.spec, { bead, snapshot });
      context.print(invocation, result, () => [
        `✓ ${result.bead} is on the hook of ${result.agent}: ${result.worktree}`,
        `  continue it: gt session start ${result.agent}`,
      ]);
    });
}
