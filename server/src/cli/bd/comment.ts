import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import { BeadShow, CommentAdd } from '../../protocol/bead';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { indented } from '../shared/beadText';
import { readText } from './options';

interface TextSource {
  file?: string;
}

export function addComments(program: Command, context: BdContext): void {
  const comment = program.command('comment').description('add a comment');
  addText(comment, context);
  const comments = program
    .command('comments')
    .description('show the comments of a bead')
    .argument('[id]', 'id or a unique part of it')
    .action(async (id: string | undefined) => {
      if (id === undefined) throw new UserError('no issue ID provided');
      await context.run(comments, async (backend) => {
        const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
        const list = bead?.comments ?? [];
        const paint = context.paint();
        context.print(comments, list, () =>
          list.length === 0
            ? ['No comments.']
            : list.flatMap((entry) => [
                `${paint('cyan', oneLine(entry.author))} ${paint('dim', entry.created_at)}`,
                ...indented(entry.text),
              ]),
        );
      });
    });
  addText(comments.command('add').description('add a comment'), context);
}

function addText(command: Command, context: BdContext): void {
  command
    .argument('<id>', 'id or a unique part of it')
    .argument('[text...]', 'the comment; - for stdin')
    .option('-f, --file <file>', 'read the comment from a file (- for stdin)')
    .action(async (id: string, words: string[], options: TextSource) => {
      const file = options.file ?? (words.length === 1 && words[0] === '-' ? '-' : undefined);
      const text = file === undefined ? words.join(' ') : readText(file, context.surroundings).trimEnd();
      await context.run(command, async (backend) => {
        const added = await backend.call(CommentAdd.spec, { id, text });
        context.print(command, added, () => [`${context.paint()('green', '✓')} Comment added to ${added.issue_id}`]);
      });
    });
}
