import { BeadEvents, type AuditEvent } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine, type Paint } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';
import { defined, parseLimit } from './options';

export function addEvents(program: CliCommand, context: BdContext): void {
  program
    .command('events')
    .description('show the audit trail: who did what, the newest last')
    .argument('[id]', 'only about this bead')
    .option('-n, --limit <count>', 'maximum number of results; 0 for all', parseLimit)
    .option('--rig <name>', 'in the ledger of this rig')
    .withHelp({
      text: 'Every change is recorded with its author. The audit trail stays on this machine.',
      examples: [
        ['bd events app-a1b2c', 'what happened to a bead'],
        ['bd events -n 20', 'the last twenty of all'],
        ["bd events --actor 'toy/polecats/*'", 'what some agents did'],
      ],
      see: ['bd show'],
    })
    .action(async (id: string | undefined, options: { limit?: number; rig?: string }, invocation: Invocation) => {
      const by = (invocation.options as GlobalOptions).actor;
      await printEvents(context, invocation, { id, limit: options.limit, ledger: options.rig, by });
    });
}

/** Prints events, the latest last. @param asked `by`: only events of actors that match this pattern */
export async function printEvents(
  context: BdContext,
  invocation: Invocation,
  asked: { id?: string | undefined; limit?: number | undefined; ledger?: string | undefined; by: string | undefined },
): Promise<void> {
  // The actor of the query is independent of the caller.
  const anybody = { ...invocation, options: { ...invocation.options, actor: undefined } };
  const events = await context.call(anybody, BeadEvents.spec, defined(asked));
  context.print(invocation, events, () =>
    events.length === 0 ? 'No events.' : events.map((event) => eventLine(event, context.paint)),
  );
}

function eventLine(event: AuditEvent, paint: Paint): string {
  const hasChange = event.old !== undefined || event.new !== undefined;
  const parts = [
    paint('dim', event.ts),
    paint('cyan', oneLine(event.actor)),
    oneLine(event.type),
    event.bead ?? '',
    hasChange ? `${oneLine(event.old ?? '')} → ${oneLine(event.new ?? '')}` : '',
    oneLine(event.message ?? ''),
  ];
  return parts.filter((part) => part !== '').join(' ');
}
