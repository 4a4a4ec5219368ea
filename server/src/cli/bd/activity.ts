import { UserError } from '../../base/errors';
import { BeadEvents, type AuditEvent } from '../../protocol/bead';
import { builtInEventTypes } from '../../protocol/vocabulary';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { parseLimit } from './options';

const DEFAULT_LIMIT = 100;
const EVENTS_LOOKED_AT = 10_000;
const FOLLOW_MS = 1000;

interface ActivityOptions {
  since?: number;
  type?: string;
  mol?: string;
  limit: number;
  follow?: boolean;
}

export function addActivity(program: CliCommand, context: BdContext): void {
  program
    .command('activity')
    .description('show recent events of beads, the latest last')
    .option('--since <duration>', 'only the last 30s, 5m, 1h or 2d', parseSince)
    .option('--type <type>', 'only of this type: create, update, status, comment, close, delete', parseType)
    .option('--mol <prefix>', 'only beads whose ids start with this')
    .option('-n, --limit <count>', 'maximum number of results; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--interval <duration>', 'accepted: it looks every second', parseSince)
    .option('--town', 'accepted: it shows this ledger alone')
    .option('-d, --details', 'accepted, has no effect')
    .option('-f, --follow', 'keep printing new events')
    .withHelp({
      examples: [
        ['bd activity --since 1h', 'the last hour'],
        ['bd activity --follow', 'as it happens'],
      ],
      see: ['bd events'],
    })
    .action(async (options: ActivityOptions, invocation: Invocation) => {
      const read = async (): Promise<AuditEvent[]> =>
        (await context.call(invocation, BeadEvents.spec, { limit: EVENTS_LOOKED_AT })).filter((event) =>
          isMeant(event, options),
        );
      let events = await read();
      const shown = options.limit > 0 ? events.slice(-options.limit) : events;
      context.print(invocation, shown, () => (shown.length === 0 ? 'No recent activity' : shown.map(lineOf)));
      while (options.follow) {
        await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
        const next = await read();
        const known = new Set(events.map((event) => JSON.stringify(event)));
        for (const event of next)
          if (!known.has(JSON.stringify(event))) context.print(invocation, event, () => lineOf(event));
        events = next;
      }
    });
}

/** Names of events in the Go `bd` that are not recorded here. */
const otherTypes = ['update', 'bonded', 'squashed', 'burned'];

function isOfType(event: string, type: string): boolean {
  return event.startsWith(type.replace(/e?$/, '')) || event.includes(type);
}

function parseType(text: string): string {
  if (otherTypes.includes(text) || builtInEventTypes.some((event) => isOfType(event, text))) return text;
  throw new UserError(`invalid type ${JSON.stringify(text)}`, 'Valid: create, status, comment, close, delete, …');
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseSince(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text.trim());
  if (!match)
    throw new UserError(`invalid --since duration: invalid duration format: ${text} (use 5m, 1h, 30s, or 2d)`);
  return Date.now() - Number(match[1]) * unitMs[match[2]!]!;
}

function isMeant(event: AuditEvent, { since, type, mol }: ActivityOptions): boolean {
  if (event.bead === undefined) return false;
  if (since !== undefined && Date.parse(event.ts) < since) return false;
  if (mol !== undefined && !event.bead.startsWith(mol)) return false;
  return type === undefined || isOfType(event.type, type);
}

const symbols: Readonly<Record<string, string>> = {
  created: '+',
  closed: '✓',
  reopened: '↻',
  deleted: '⊘',
  commented: '💬',
};

function lineOf(event: AuditEvent): string {
  const symbol = symbols[event.type] ?? '→';
  const change =
    event.old !== undefined || event.new !== undefined
      ? ` ${oneLine(event.old ?? '')} → ${oneLine(event.new ?? '')}`
      : '';
  return `[${event.ts.slice(11, 19)}] ${symbol} ${event.bead} ${oneLine(event.type)}${change} · ${oneLine(event.actor)}`;
}
