import { UserError } from '../../base/errors';
import { BeadCreate, BeadList, BeadShow, BeadUpdate, type Bead, type BeadDetails } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';
import type { Backend } from './localBackend';
import { analyse, frontOf, type SwarmAnalysis } from './swarmAnalysis';

/** `bd swarm`: epics whose children are done in parallel. */

export function addSwarm(program: CliCommand, context: BdContext): void {
  const swarm = program
    .command('swarm')
    .description('epics whose children several agents do at the same time')
    .withHelp({
      examples: [['bd swarm validate app-a1b2c', 'children that can be done in parallel']],
      see: ['gt convoy create', 'bd epic'],
    });
  addValidate(swarm, context);
  addCreate(swarm, context);
  addList(swarm, context);
  addStatus(swarm, context);
}

async function epicOf(backend: Backend, id: string, noun: string): Promise<BeadDetails> {
  try {
    const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
    return bead!;
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found')
      throw new UserError(`${noun} '${id}' not found: ${error.message}`, undefined, 'not-found');
    throw error;
  }
}

async function analysisOf(backend: Backend, epic: BeadDetails): Promise<SwarmAnalysis> {
  const below = await backend.call(BeadList.spec, { parent: epic.id, all: true, limit: 0 });
  return analyse(
    epic,
    below.filter((bead) => bead.parent === epic.id),
  );
}

function addValidate(swarm: CliCommand, context: BdContext): void {
  swarm
    .command('validate <id>')
    .description('show in which waves the children of an epic can be done')
    .option('--verbose', 'accepted: everything is shown')
    .withHelp({
      examples: [['bd swarm validate app-a1b2c', 'its waves']],
      exits: { 1: 'its children wait for each other' },
      see: ['bd swarm create'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const analysis = await context.withLedger(invocation, async (backend) => {
        const epic = await epicOf(backend, id, 'epic');
        if (epic.issue_type !== 'epic' && epic.issue_type !== 'molecule')
          throw new UserError(`'${epic.id}' is not an epic or molecule (type: ${epic.issue_type})`);
        return analysisOf(backend, epic);
      });
      const { issues: _issues, ...value } = analysis;
      if (!analysis.swarmable) context.exitCode = 1;
      context.print(invocation, value, () => analysisLines(analysis));
    });
}

function analysisLines(analysis: SwarmAnalysis): string[] {
  return [
    '',
    `🐝 Swarm Analysis: ${oneLine(analysis.epic_title)}`,
    `   Epic ID: ${analysis.epic_id}`,
    `   Total issues: ${analysis.total_issues} (${analysis.closed_issues} closed)`,
    '',
    '📊 Ready Fronts (waves of parallel work):',
    ...analysis.ready_fronts.flatMap((front) => [
      `   Wave ${front.wave + 1}: ${front.issues.length} issues`,
      ...front.issues.map((id, index) => `      • ${id}: ${oneLine(front.titles[index] ?? '')}`),
    ]),
    '',
    '📈 Summary:',
    `   Estimated worker-sessions: ${analysis.estimated_sessions}`,
    `   Max parallelism: ${analysis.max_parallelism}`,
    `   Total waves: ${analysis.ready_fronts.length}`,
    '',
    ...[...analysis.warnings, ...analysis.errors].map((text) => `⚠ ${text}`),
    analysis.swarmable ? '✓ Swarmable: YES' : '✗ Swarmable: NO',
  ];
}

interface CreateOptions {
  coordinator?: string;
  force?: boolean;
}

function addCreate(swarm: CliCommand, context: BdContext): void {
  swarm
    .command('create <id>')
    .description('create a molecule that coordinates the children of an epic')
    .option('--coordinator <address>', 'who coordinates')
    .option('--force', 'even if the epic has one')
    .withHelp({
      examples: [['bd swarm create app-a1b2c', 'for this epic']],
      see: ['bd swarm status', 'gt convoy create'],
    })
    .action(async (id: string, options: CreateOptions, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const given = await epicOf(backend, id, 'issue');
        const existing = options.force ? undefined : await swarmOf(backend, given.id);
        if (existing)
          throw new UserError(
            (invocation.options as GlobalOptions).json
              ? 'swarm already exists'
              : `Swarm already exists: ${existing.id}`,
            `${existing.id} (${existing.title}). Use --force to create another.`,
            'conflict',
          );
        const epic =
          given.issue_type === 'epic' || given.issue_type === 'molecule' ? given : await wrap(backend, given);
        const analysis = await analysisOf(backend, epic);
        const molecule = await createMolecule(backend, epic, options.coordinator);
        const value = { swarm_id: molecule, epic_id: epic.id, coordinator: options.coordinator ?? '', analysis };
        context.print(invocation, value, () => [
          '',
          `✓ Created swarm molecule: ${molecule}`,
          `   Epic: ${epic.id} (${oneLine(epic.title)})`,
          ...(options.coordinator ? [`   Coordinator: ${oneLine(options.coordinator)}`] : []),
          `   Total issues: ${analysis.total_issues}`,
          `   Max parallelism: ${analysis.max_parallelism}`,
          `   Waves: ${analysis.ready_fronts.length}`,
        ]);
      }),
    );
}

async function swarms(backend: Backend) {
  return backend.call(BeadList.spec, { molType: 'swarm', type: ['molecule'], limit: 0, sort: 'created' });
}

async function swarmOf(backend: Backend, epic: string) {
  return (await swarms(backend)).find((bead) => bead.dependencies?.some((edge) => edge.depends_on_id === epic));
}

async function wrap(backend: Backend, bead: BeadDetails): Promise<BeadDetails> {
  const epic = await backend.call(BeadCreate.spec, {
    title: `Swarm Epic: ${bead.title}`,
    type: 'epic',
    priority: bead.priority,
    description: `Epic of ${bead.id}.`,
  });
  await backend.call(BeadUpdate.spec, { ids: [bead.id], parent: epic.id });
  return epicOf(backend, epic.id, 'epic');
}

async function createMolecule(backend: Backend, epic: BeadDetails, coordinator: string | undefined): Promise<string> {
  const lines = [
    `Swarm molecule orchestrating epic ${epic.id}.`,
    '',
    `Epic: ${epic.id}`,
    ...(coordinator ? [`Coordinator: ${coordinator}`] : []),
  ];
  const molecule = await backend.call(BeadCreate.spec, {
    title: `Swarm: ${epic.title}`,
    description: lines.join('\n'),
    type: 'molecule',
    molType: 'swarm',
    priority: epic.priority,
    ...(coordinator ? { assignee: coordinator } : {}),
    deps: [['relates-to', epic.id]],
  });
  return molecule.id;
}

function addList(swarm: CliCommand, context: BdContext): void {
  swarm
    .command('list')
    .description('list the swarms')
    .withHelp({ examples: [['bd swarm list', 'with their progress']], see: ['bd swarm status'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const rows = await context.withLedger(invocation, async (backend) => {
        const found = [];
        for (const bead of await swarms(backend)) {
          const epicId = bead.dependencies?.find((edge) => edge.type === 'relates-to')?.depends_on_id ?? '';
          const epic = epicId === '' ? undefined : await epicOf(backend, epicId, 'epic');
          const front = epic && frontOf(await analysisOf(backend, epic));
          found.push({
            id: bead.id,
            title: bead.title,
            epic_id: epicId,
            epic_title: epic?.title ?? '',
            status: bead.status,
            coordinator: bead.assignee ?? '',
            total_issues: front?.total_issues ?? 0,
            completed_issues: front?.completed.length ?? 0,
            active_issues: front?.active_count ?? 0,
            progress_percent: front?.progress_percent ?? 0,
          });
        }
        return found;
      });
      context.print(invocation, { swarms: rows }, () =>
        rows.length === 0
          ? 'No swarm molecules found.'
          : [
              '',
              `🐝 Active Swarms (${rows.length})`,
              '',
              ...rows.flatMap((row) => [
                `${row.id} ${oneLine(row.title)}`,
                `   Epic: ${row.epic_id} (${oneLine(row.epic_title)})`,
                `   Progress: ${row.completed_issues}/${row.total_issues} (${Math.floor(row.progress_percent)}%)`,
                ...(row.coordinator ? [`   Coordinator: ${oneLine(row.coordinator)}`] : []),
                '',
              ]),
            ],
      );
    });
}

function addStatus(swarm: CliCommand, context: BdContext): void {
  swarm
    .command('status <id>')
    .description('show which beads of an epic or swarm are done, active, ready and blocked')
    .withHelp({ examples: [['bd swarm status app-a1b2c', 'of an epic, or of its swarm']], see: ['bd swarm validate'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const front = await context.withLedger(invocation, async (backend) => {
        const bead = await epicOf(backend, id, 'issue');
        const epicId =
          (bead as unknown as Bead).mol_type === 'swarm'
            ? bead.dependencies.find((other) => other.dependency_type === 'relates-to')?.id
            : undefined;
        return frontOf(await analysisOf(backend, epicId === undefined ? bead : await epicOf(backend, epicId, 'epic')));
      });
      const list = (mark: string, items: { id: string; blocked_by?: string[] }[]): string =>
        items.length === 0
          ? '(none)'
          : items
              .map((item) => `${mark} ${item.id}${item.blocked_by ? ` (needs ${item.blocked_by.join(', ')})` : ''}`)
              .join(', ');
      context.print(invocation, front, () => [
        '',
        `🐝 Ready Front Analysis: ${oneLine(front.epic_title)}`,
        '',
        `Completed:     ${list('✓', front.completed)}`,
        `Active:        ${list('⟳', front.active)}`,
        `Ready:         ${list('○', front.ready)}`,
        `Blocked:       ${list('◌', front.blocked)}`,
        '',
        `Progress: ${front.completed.length}/${front.total_issues} complete (${Math.floor(front.progress_percent)}%)`,
      ]);
    });
}
