import { UserError } from '../../base/errors';
import { BeadCreate, BeadList, BeadShow, BeadUpdate, type Bead, type BeadDetails } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { defined } from './options';

/** `bd agent` and `bd slot`: beads that represent agents, with their state and work. */

const states = ['idle', 'spawning', 'running', 'working', 'stuck', 'done', 'stopped', 'dead'] as const;
const slots = { hook: 'hook_bead', role: 'role_bead' } as const;
type Slot = keyof typeof slots;

/** Label of agents; beads by other tools may have only this label. */
const AGENT_LABEL = 'gt:agent';

export function addAgent(program: CliCommand, context: BdContext): void {
  const agent = program
    .command('agent')
    .description('show and set the state of beads that represent agents')
    .withHelp({
      text: 'These beads are for programs that monitor agents through beads. For the agents of a town use gt agents.',
      examples: [['bd agent state app-emma running', 'report a state']],
      see: ['bd slot', 'gt agents'],
    });
  addState(agent, context);
  addHeartbeat(agent, context);
  addShow(agent, context);
  addBackfill(agent, context);
}

function addState(agent: CliCommand, context: BdContext): void {
  agent
    .command('state')
    .description('set the state of an agent; its bead is created if there is none')
    .argument('<agent>', 'id of its bead')
    .argument('<state>', states.join(', '))
    .withHelp({ examples: [['bd agent state app-emma running', 'it works']], see: ['bd agent heartbeat'] })
    .action(async (given: string, word: string, _options: unknown, invocation: Invocation) => {
      const state = states.find((name) => name === word.toLowerCase());
      if (!state) throw new UserError(`invalid state ${JSON.stringify(word)}; valid states: ${states.join(', ')}`);
      const lastActivity = new Date().toISOString();
      const { id } = await context.withLedger(invocation, async (backend) => {
        const found = await findAgent(backend, given);
        if (!found) return createAgent(backend, given, { state, lastActivity });
        await backend.call(BeadUpdate.spec, { ids: [found.id], agent: { state, lastActivity } });
        return found;
      });
      context.print(
        invocation,
        { agent: id, agent_state: state, last_activity: lastActivity },
        () => `${context.paint('green', '✓')} ${id} state=${state}`,
      );
    });
}

function addHeartbeat(agent: CliCommand, context: BdContext): void {
  agent
    .command('heartbeat')
    .description('report that an agent is alive')
    .argument('<agent>', 'id of its bead')
    .withHelp({ examples: [['bd agent heartbeat app-emma', 'every few minutes']], see: ['bd agent state'] })
    .action(async (given: string, _options: unknown, invocation: Invocation) => {
      const lastActivity = new Date().toISOString();
      const { id } = await context.withLedger(invocation, async (backend) => {
        const found = await agentOf(backend, given);
        await backend.call(BeadUpdate.spec, { ids: [found.id], agent: { lastActivity } });
        return found;
      });
      context.print(
        invocation,
        { agent: id, last_activity: lastActivity },
        () => `${context.paint('green', '✓')} ${id} heartbeat`,
      );
    });
}

function addShow(agent: CliCommand, context: BdContext): void {
  agent
    .command('show')
    .description('show the bead of an agent')
    .argument('<agent>', 'id of its bead')
    .withHelp({ examples: [['bd agent show app-emma', 'state, identity and slots']], see: ['bd slot show'] })
    .action(async (given: string, _options: unknown, invocation: Invocation) => {
      const bead = await context.withLedger(invocation, (backend) => agentOf(backend, given));
      const fields = ['agent_state', 'last_activity', 'hook_bead', 'role_bead', 'role_type', 'rig'];
      const value = Object.fromEntries(fields.map((name) => [name, textOf(bead, name) ?? null]));
      const line = (label: string, name: string, empty = '(not set)'): string =>
        `  ${label}: ${oneLine(textOf(bead, name) ?? empty)}`;
      context.print(invocation, { id: bead.id, title: bead.title, ...value }, () => [
        `Agent: ${bead.id}`,
        `Title: ${oneLine(bead.title)}`,
        '',
        'State:',
        line('agent_state', 'agent_state'),
        line('last_activity', 'last_activity'),
        '',
        'Identity:',
        line('role_type', 'role_type'),
        line('rig', 'rig'),
        '',
        ...slotLines(bead),
      ]);
    });
}

interface Missing {
  bead: Bead;
  fields: { roleType?: string; rig?: string };
  labels: string[];
}

function addBackfill(agent: CliCommand, context: BdContext): void {
  agent
    .command('backfill-labels')
    .description('label agents with role_type:… and rig:…')
    .option('--dry-run', 'only show')
    .withHelp({ examples: [['bd agent backfill-labels --dry-run', 'what would change']], see: ['bd agent show'] })
    .action(async ({ dryRun }: { dryRun?: boolean }, invocation: Invocation) => {
      const { missing, count } = await context.withLedger(invocation, async (backend) => {
        const agents = await allAgents(backend);
        const incomplete = agents.flatMap((bead) => missingOf(bead) ?? []);
        for (const { bead, fields, labels } of dryRun ? [] : incomplete)
          await backend.call(BeadUpdate.spec, { ids: [bead.id], addLabels: labels, agent: fields });
        return { missing: incomplete, count: agents.length };
      });
      const [updated, skipped] = [missing.length, count - missing.length];
      const rows = missing.map(({ bead, fields, labels }) => ({ agent: bead.id, ...fields, labels }));
      context.print(invocation, { updated, skipped, dry_run: dryRun === true, agents: rows }, () =>
        count === 0
          ? 'No agent beads found'
          : [
              ...missing.map(({ bead, labels }) =>
                dryRun
                  ? `Would update ${bead.id}: ${labels.map(oneLine).join(', ')}`
                  : `✓ Updated ${bead.id} (${labels.map(oneLine).join(', ')})`,
              ),
              '',
              dryRun
                ? `Dry run complete: ${updated} would be updated, ${skipped} skipped`
                : `Backfill complete: ${updated} updated, ${skipped} skipped`,
            ],
      );
    });
}

async function allAgents(backend: Backend): Promise<Bead[]> {
  const [byType, byLabel] = [
    await backend.call(BeadList.spec, { type: ['agent'], all: true, limit: 0 }),
    await backend.call(BeadList.spec, { labels: [AGENT_LABEL], all: true, limit: 0 }),
  ];
  return [...new Map([...byType, ...byLabel].map((bead) => [bead.id, bead])).values()];
}

function missingOf(bead: Bead): Missing | undefined {
  const named = (key: string): string | undefined =>
    textOf(bead, key) ??
    (new RegExp(`^\\s*${key}:\\s*(\\S.*)$`, 'm').exec(bead.description ?? '')?.[1]?.trim() || undefined);
  const [roleType, rig] = [named('role_type'), named('rig')];
  const labels = labelsOf({ roleType, rig }).filter((label) => !bead.labels?.includes(label));
  const fields = defined({
    roleType: textOf(bead, 'role_type') === undefined ? roleType : undefined,
    rig: textOf(bead, 'rig') === undefined ? rig : undefined,
  });
  return labels.length === 0 && Object.keys(fields).length === 0 ? undefined : { bead, fields, labels };
}

function labelsOf({ roleType, rig }: { roleType?: string | undefined; rig?: string | undefined }): string[] {
  return [...(roleType ? [`role_type:${roleType}`] : []), ...(rig ? [`rig:${rig}`] : [])];
}

/** Roles by their position in the id of an agent: `gt-mayor`, `gt-toy-witness`, `gt-toy-polecat-nux`. */
const ofTown = ['mayor', 'deacon'];
const ofRig = ['witness', 'refinery'];
const named = ['crew', 'polecat'];

function identityOf(id: string): { roleType?: string; rig?: string } {
  const [first = '', second = '', ...more] = id.slice(id.indexOf('-') + 1).split('-');
  if (second === '') return ofTown.includes(first) ? { roleType: first } : {};
  return (more.length === 0 ? ofRig : named).includes(second) ? { roleType: second, rig: first } : {};
}

function createAgent(backend: Backend, id: string, agent: { state: string; lastActivity: string }): Promise<Bead> {
  const identity = identityOf(id);
  return backend.call(BeadCreate.spec, {
    id,
    title: `Agent: ${id}`,
    type: 'agent',
    labels: [AGENT_LABEL, ...labelsOf(identity)],
    agent: { ...agent, ...identity },
  });
}

async function findAgent(backend: Backend, id: string): Promise<BeadDetails | undefined> {
  try {
    return await agentOf(backend, id);
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found') return undefined;
    throw error;
  }
}

async function agentOf(backend: Backend, id: string): Promise<BeadDetails> {
  const bead = (await backend.call(BeadShow.spec, { ids: [id] }))[0]!;
  if (bead.issue_type === 'agent' || bead.labels?.includes(AGENT_LABEL)) return bead;
  throw new UserError(
    `${bead.id} is not an agent bead (type=${bead.issue_type})`,
    'bd agent state <agent> <state> creates one for an id that is free.',
  );
}

function textOf(bead: object, name: string): string | undefined {
  const value = (bead as Record<string, unknown>)[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function addSlot(program: CliCommand, context: BdContext): void {
  const slot = program
    .command('slot')
    .description('show and set the work and the role of beads that represent agents')
    .withHelp({ examples: [['bd slot show app-emma', 'both slots']], see: ['bd agent', 'bd merge-slot'] });
  addSlotSet(slot, context);
  slot
    .command('clear')
    .description('empty a slot of an agent')
    .argument('<agent>', 'id of its bead')
    .argument('<slot>', 'hook or role')
    .withHelp({ examples: [['bd slot clear app-emma hook', 'its work is done']], see: ['bd slot set'] })
    .action(async (given: string, word: string, _options: unknown, invocation: Invocation) => {
      const name = slotNamed(word);
      const { id } = await context.withLedger(invocation, async (backend) => {
        const agent = await agentOf(backend, given);
        await backend.call(BeadUpdate.spec, { ids: [agent.id], agent: { [name]: '' } });
        return agent;
      });
      context.print(invocation, { agent: id, slot: name, bead: null }, () => `✓ Cleared ${id}.${name}`);
    });
  slot
    .command('show')
    .description('show the slots of an agent')
    .argument('<agent>', 'id of its bead')
    .withHelp({ examples: [['bd slot show app-emma', 'hook and role']], see: ['bd agent show'] })
    .action(async (given: string, _options: unknown, invocation: Invocation) => {
      const bead = await context.withLedger(invocation, (backend) => agentOf(backend, given));
      const held = { hook: textOf(bead, slots.hook) ?? null, role: textOf(bead, slots.role) ?? null };
      context.print(invocation, { agent: bead.id, slots: held }, () => [`Agent: ${bead.id}`, ...slotLines(bead)]);
    });
}

function addSlotSet(slot: CliCommand, context: BdContext): void {
  slot
    .command('set')
    .description('set a slot of an agent; the hook has room for one bead')
    .argument('<agent>', 'id of its bead')
    .argument('<slot>', 'hook or role')
    .argument('<bead>', 'the bead for the slot')
    .withHelp({ examples: [['bd slot set app-emma hook app-a1b2c', 'its work']], see: ['bd slot clear'] })
    .action(async (given: string, word: string, target: string, _options: unknown, invocation: Invocation) => {
      const name = slotNamed(word);
      const { agent, bead } = await context.withLedger(invocation, async (backend) => {
        const found = await agentOf(backend, given);
        const [held] = await backend.call(BeadShow.spec, { ids: [target] });
        await backend.call(BeadUpdate.spec, { ids: [found.id], agent: { [name]: held!.id } });
        return { agent: found.id, bead: held!.id };
      });
      context.print(invocation, { agent, slot: name, bead }, () => `✓ Set ${agent}.${name} = ${bead}`);
    });
}

function slotNamed(word: string): Slot {
  const name = word.toLowerCase();
  if (name === 'hook' || name === 'role') return name;
  throw new UserError(`invalid slot name ${JSON.stringify(word)}; valid slots: hook, role`);
}

function slotLines(bead: object): string[] {
  return [
    'Slots:',
    ...Object.entries(slots).map(([name, field]) => `  ${name}: ${oneLine(textOf(bead, field) ?? '(empty)')}`),
  ];
}
