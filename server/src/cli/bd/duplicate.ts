import { BeadReplace } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';

/** `bd duplicate` and `bd supersede`: replace one bead by another. */

export function addDuplicate(program: CliCommand, context: BdContext): void {
  const command = program.command('duplicate <id>').description('close a bead as a duplicate of another one');
  command.addOption('--of <id>', 'the bead that stays', { mandatory: true });
  command
    .withHelp({
      examples: [['bd duplicate app-d3e4f --of app-a1b2c', 'd3e4f is closed and linked']],
      see: ['bd duplicates', 'bd supersede', 'bd reopen'],
    })
    .action(async (id: string, options: { of: string }, invocation: Invocation) => {
      const result = await context.call(invocation, BeadReplace.spec, { id, by: options.of, kind: 'duplicates' });
      const value = { duplicate: result.id, canonical: result.by, status: result.status };
      context.print(invocation, value, () => `✓ Marked ${result.id} as duplicate of ${result.by} (closed)`);
    });
}

export function addSupersede(program: CliCommand, context: BdContext): void {
  const command = program.command('supersede <id>').description('close a bead because another one takes its place');
  command.addOption('--with <id>', 'the bead that takes its place', { mandatory: true });
  command
    .withHelp({
      examples: [['bd supersede app-a1b2c --with app-d3e4f', 'a1b2c is closed and linked']],
      see: ['bd duplicate', 'bd reopen'],
    })
    .action(async (id: string, options: { with: string }, invocation: Invocation) => {
      const result = await context.call(invocation, BeadReplace.spec, { id, by: options.with, kind: 'supersedes' });
      const value = { superseded: result.id, replacement: result.by, status: result.status };
      context.print(invocation, value, () => `✓ Marked ${result.id} as superseded by ${result.by} (closed)`);
    });
}
