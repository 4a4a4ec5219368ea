import { UserError } from '../../base/errors';
import { BeadClose, BeadCreate, BeadShow, BeadUpdate } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';

/** `bd state` and `bd set-state`: labels of the form `dimension:value`, each change with an event below the bead. */

export function addState(program: CliCommand, context: BdContext): void {
  const state = program
    .command('state')
    .description('show the state of a bead in one dimension')
    .argument('[id]', 'the bead')
    .argument('[dimension]', 'such as patrol')
    .withHelp({ examples: [['bd state app-a1b2c patrol', 'such as "muted"']], see: ['bd set-state'] })
    .action(
      async (id: string | undefined, dimension: string | undefined, _options: unknown, invocation: Invocation) => {
        if (id === undefined || dimension === undefined)
          throw new UserError('accepts 2 arg(s)', 'bd state <id> <dimension>, or bd state list <id>');
        const { id: found, states } = await context.withLedger(invocation, (backend) => statesOf(backend, id));
        const value = states.get(dimension);
        context.print(invocation, { issue_id: found, dimension, value: value ?? null }, () =>
          oneLine(value ?? `(no ${dimension} state set)`),
        );
      },
    );
  state
    .command('list <id>')
    .description('show the state of a bead in all dimensions')
    .withHelp({ examples: [['bd state list app-a1b2c', 'all of them']], see: ['bd set-state'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const { id: found, states } = await context.withLedger(invocation, (backend) => statesOf(backend, id));
      const rows = [...states].sort(([a], [b]) => (a < b ? -1 : 1));
      context.print(invocation, { issue_id: found, states: Object.fromEntries(rows) }, () =>
        rows.length === 0
          ? `No state set for ${found}`
          : ['', `📊 State for ${found}:`, ...rows.map(([name, value]) => `  ${oneLine(name)}: ${oneLine(value)}`)],
      );
    });
}

async function statesOf(backend: Backend, id: string): Promise<{ id: string; states: Map<string, string> }> {
  const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
  const pairs = (bead?.labels ?? []).flatMap((label) => {
    const colon = label.indexOf(':');
    return colon > 0 ? [[label.slice(0, colon), label.slice(colon + 1)] as const] : [];
  });
  return { id: bead?.id ?? id, states: new Map(pairs) };
}

export function addSetState(program: CliCommand, context: BdContext): void {
  program
    .command('set-state')
    .description('change the state of a bead in one dimension')
    .argument('<id>')
    .argument('<dimension=value>', 'such as patrol=muted')
    .option('--reason <text>', 'why')
    .withHelp({
      text: 'The state is a label dimension:value. An event below the bead records who changed it and why.',
      examples: [['bd set-state app-a1b2c patrol=muted --reason "too noisy"', 'with the reason']],
      see: ['bd state'],
    })
    .action(async (id: string, setting: string, options: { reason?: string }, invocation: Invocation) => {
      const match = /^([^=:\s]+)=([^\s]+)$/.exec(setting);
      if (!match) throw new UserError(`invalid state format ${JSON.stringify(setting)}, expected <dimension>=<value>`);
      const [, dimension = '', value = ''] = match;
      const result = await context.withLedger(invocation, (backend) =>
        setState(backend, id, dimension, value, options.reason),
      );
      context.print(invocation, result, () =>
        result.changed
          ? [`✓ Set ${oneLine(dimension)} = ${oneLine(value)} on ${result.issue_id}`, `  Event: ${result.event_id}`]
          : `${oneLine(dimension)} is ${oneLine(value)} already on ${result.issue_id}`,
      );
    });
}

async function setState(backend: Backend, given: string, dimension: string, value: string, reason?: string) {
  const { id, states } = await statesOf(backend, given);
  const old = states.get(dimension) ?? null;
  const changed = old !== value;
  let event: string | undefined;
  if (changed) {
    // The event first: no state changes without a record of it.
    const created = await backend.call(BeadCreate.spec, {
      title: `State change: ${dimension} → ${value}`,
      description: `${old === null ? `Set ${dimension} to ${value}` : `Changed ${dimension} from ${old} to ${value}`}${reason ? `\n\nReason: ${reason}` : ''}`,
      type: 'event',
      priority: 4,
      parent: id,
    });
    event = created.id;
    const removeLabels = old === null ? [] : [`${dimension}:${old}`];
    await backend.call(BeadUpdate.spec, { ids: [id], addLabels: [`${dimension}:${value}`], removeLabels });
    await backend.call(BeadClose.spec, { ids: [event], reason: 'recorded' });
  }
  return { issue_id: id, dimension, old_value: old, new_value: value, changed, ...(event ? { event_id: event } : {}) };
}
