import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import {
  AgentNudge,
  AgentPeek,
  Handoff,
  PolecatNuke,
  PolecatRestore,
  SessionRestart,
  SessionStart,
  SnapshotList,
  TownGetSnapshot,
  TownStop,
  type AgentInfo,
} from '../../protocol/town';
import { agentLine } from '../shared/townText';
import { print, withTown } from '../shared/connect';

/** What people and agents do about agents. */
export function addSupervisionCommands(program: Command): void {
  program
    .command('agents')
    .description('all agents and rules of the town')
    .option('--all', 'those that are off, too')
    .action(async ({ all }: { all?: boolean }, command: Command) => {
      const agents = (await agentsOf(command)).filter((agent) => all || agent.state !== 'off');
      print(command, agents, () => agents.map((agent) => agentLine(agent)));
    });
  program
    .command('peek <agent> [lines]')
    .description("the last lines of an agent's screen")
    .action(async (agent: string, lines: string | undefined, _options, command: Command) => {
      const count = lines === undefined ? undefined : Number(lines);
      if (count !== undefined && !Number.isInteger(count)) throw new UserError(`"${lines}" is no number of lines`);
      const result = await withTown(command, (town) => town.call(AgentPeek.spec, { agent, lines: count }));
      print(command, result, () => result.text);
    });
  program
    .command('nudge <agent> <message...>')
    .description('type a line to an agent')
    .action(async (agent: string, words: string[], _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(AgentNudge.spec, { agent, message: words.join(' ') }));
      print(command, result, () => `✓ Told ${result.agent}`);
    });
  program
    .command('handoff')
    .description('for agents: end this session; a fresh one goes on with the same work')
    .option('-s, --subject <text>', 'what it is about')
    .option('-m, --message <text>', 'what the next one has to know')
    .action(async (options: { subject?: string; message?: string }, command: Command) => {
      const result = await withTown(command, (town) => town.call(Handoff.spec, options));
      print(command, result, () => `✓ Handed over ${result.bead}. This session ends.`);
    });
  addSessionCommands(program);
  addPolecatCommands(program);
}

function addSessionCommands(program: Command): void {
  const session = program.command('session').description("agents' sessions");
  session
    .command('list')
    .description('those that live')
    .action(async (_options, command: Command) => {
      const live = (await agentsOf(command)).filter((agent) => agent.session !== undefined);
      print(command, live, () => (live.length > 0 ? live.map((agent) => agentLine(agent)) : 'No session lives'));
    });
  session
    .command('start <agent>')
    .description('let a stopped agent go on')
    .action(async (agent: string, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(SessionStart.spec, { agent }));
      print(command, result, () => `✓ ${result.agent} goes on with ${result.bead}`);
    });
  session
    .command('stop <agent>')
    .description('end its session; its work stays on its hook')
    .action(async (agent: string, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(TownStop.spec, { agent }));
      print(command, result, () => result.stopped.map((name) => `✓ Stopped ${name}`));
    });
  session
    .command('restart <agent>')
    .description('end its session; a new one goes on where it stopped')
    .action(async (agent: string, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(SessionRestart.spec, { agent }));
      print(command, result, () => `✓ Restarted ${result.agent}`);
    });
}

function addPolecatCommands(program: Command): void {
  const polecat = program.command('polecat').description('workers with a worktree of their own');
  polecat
    .command('list [rig]')
    .description('the polecats that there are')
    .action(async (rig: string | undefined, _options, command: Command) => {
      const polecats = (await agentsOf(command)).filter(
        (agent) => agent.role === 'polecat' && (rig === undefined || agent.rig === rig),
      );
      print(command, polecats, () => (polecats.length > 0 ? polecats.map((agent) => agentLine(agent)) : 'No polecats'));
    });
  polecat
    .command('status <agent>')
    .description('one of them')
    .action(async (name: string, _options, command: Command) => {
      const full = name.includes('/polecats/') ? name : name.replace('/', '/polecats/');
      const agent = (await agentsOf(command)).find(
        (candidate) => candidate.role === 'polecat' && candidate.id === full,
      );
      if (!agent) throw new UserError(`there is no polecat ${name}`, 'see "gt polecat list"', 'not-found');
      print(command, agent, () => [
        agentLine(agent),
        `  worktree ${agent.worktree ?? '(none)'}`,
        ...(agent.runtime ? [`  runtime ${agent.runtime}`] : []),
        ...(agent.since ? [`  since ${agent.since}`] : []),
      ]);
    });
  polecat
    .command('nuke <agent>')
    .description('end a polecat for good; a snapshot of all that it has is kept')
    .option('--force', 'even where its work waits to be merged')
    .action(async (agent: string, { force }: { force?: boolean }, command: Command) => {
      const result = await withTown(command, (town) => town.call(PolecatNuke.spec, { agent, force }));
      print(command, result, () => [
        `✓ Ended ${result.agent}${result.bead ? `; ${result.bead} waits for a new sling` : ''}`,
        ...(result.snapshot
          ? [`  all that it had: gt polecat restore ${result.bead ?? ''} --snapshot ${result.snapshot}`]
          : []),
      ]);
    });
  polecat
    .command('snapshots [bead]')
    .description('what is kept of worktrees that are gone')
    .option('--rig <name>', 'of one rig')
    .action(async (bead: string | undefined, { rig }: { rig?: string }, command: Command) => {
      const list = await withTown(command, (town) => town.call(SnapshotList.spec, { bead, rig }));
      print(command, list, () =>
        list.length > 0
          ? list.map((snapshot) => `${snapshot.label} ${snapshot.commit.slice(0, 10)} ${snapshot.at}`)
          : 'No snapshots',
      );
    });
  polecat
    .command('restore <bead>')
    .description('put a snapshot on a hook again')
    .option('--snapshot <label>', 'which one (default: the newest of the bead)')
    .action(async (bead: string, { snapshot }: { snapshot?: string }, command: Command) => {
      const result = await withTown(command, (town) => town.call(PolecatRestore.spec, { bead, snapshot }));
      print(command, result, () => [
        `✓ ${result.bead} is on the hook of ${result.agent}: ${result.worktree}`,
        `  let it go on: gt session start ${result.agent}`,
      ]);
    });
}

async function agentsOf(command: Command): Promise<AgentInfo[]> {
  return (await withTown(command, (town) => town.call(TownGetSnapshot.spec, { once: true }))).agents;
}
