import path from 'node:path';
import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { overruledNotes } from './mergeDriver';

export function addMerge(program: CliCommand, context: BdContext): void {
  program
    .command('merge')
    .description('merge driver for git: merge.beads.driver "bd merge %A %O %A %B"')
    .argument('<output>', 'the file that git keeps')
    .argument('<base>', 'the common ancestor')
    .argument('<left>', 'our side')
    .argument('<right>', 'their side')
    .withHelp({
      text: 'git calls it for files that .gitattributes marks with merge=beads. Merges bead by bead and field by field. A bead that one side deleted and the other one changed stays deleted, with a warning.',
      exits: { 1: 'lines of a side cannot be read; all are kept, and git shows a conflict' },
      examples: [
        ['git config merge.beads.driver "bd merge %A %O %A %B"', 'set up the merge driver'],
        ['bd merge ours.jsonl base.jsonl ours.jsonl theirs.jsonl', 'what git then calls'],
      ],
      see: ['bd import'],
    })
    .action(
      async (output: string, base: string, left: string, right: string, _options: unknown, invocation: Invocation) => {
        const { mergeFiles } = await import('../../beads/merge/mergeFiles');
        const at = (file: string): string => path.resolve(context.process.cwd, file);
        const { count, unreadable, overruled } = mergeFiles(at(output), at(base), at(left), at(right), new Date());
        for (const note of overruledNotes(overruled)) context.note(note);
        const [first] = unreadable;
        if (first)
          throw new UserError(
            `error reading ${first.side} file: failed to parse line ${first.line}: ${first.reason}`,
            `${plural(unreadable.length, 'line')} that cannot be read: kept in ${output} as they are. Fix or remove them, then "git add" it.`,
            'conflict',
          );
        context.print(invocation, { merged: count, output }, () => `Merged ${plural(count, 'issue')}`);
      },
    );
}
