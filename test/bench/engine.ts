import path from 'node:path';
import type { AuditEvent } from '../../server/src/protocol/bead';
import type { ConvoyInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { middle, type Row } from './measure';

const subject = 'engine';
const LENGTH = 9;
const DISPATCH_MS = 100;

/** A chain of beads: how long after one is merged the agent of the next one runs. */
export async function engine(): Promise<Row[]> {
  const town = await CliTown.make();
  try {
    const ids: string[] = [];
    for (let index = 0; index < LENGTH; index += 1)
      ids.push(
        await town.bead(
          `Bead ${index}`,
          `echo ${index} > f${index}.txt\ngit add --all\ngit commit --quiet -m x`,
          ...ids.slice(-1),
        ),
      );
    const convoy = (
      await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Chain', ...ids], { cwd: town.root })
    ).id;
    await town.gt('up');
    await town.convoyLands(convoy);
    const times = await Promise.all(ids.map((id) => timesOf(town, id)));
    const between = (from: string, to: string, apart: number): number =>
      middle(ids.slice(1).map((_, index) => times[index + 1]!.get(to)! - times[index + 1 - apart]!.get(from)!));
    return [
      { subject, what: 'dependency merged → next bead hooked', median: between('merged', 'slung', 1) },
      {
        subject,
        what: 'dependency merged → next agent runs',
        note: 'with its worktree',
        median: between('merged', 'session_started', 1),
        goal: { median: DISPATCH_MS },
      },
      {
        subject,
        what: 'agent runs → done',
        note: 'script runtime, its own work',
        median: between('session_started', 'done', 0),
      },
      { subject, what: 'done → merged', note: 'rebase, gate "true", push', median: between('done', 'merged', 0) },
    ];
  } finally {
    await town.dispose();
  }
}

/** When each thing happened to a bead, by the audit trail. */
async function timesOf(town: CliTown, bead: string): Promise<Map<string, number>> {
  const events = await town.person.json<AuditEvent[]>('bd', ['events', bead], { cwd: path.join(town.root, 'toy') });
  return new Map(events.map((event) => [event.type, Date.parse(event.ts)]));
}
