import { UserError } from '../../base/errors';
import { BeadShow, CommentAdd, type Comment } from '../../protocol/bead';
import { commentBlocks } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { readText } from './options';

interface CommentOptions {
  file?: string;
  stdin?: boolean;
  author?: string;
}

/** `bd comment`, and `bd comments` with `bd comments add`. */

export function addComment(program: CliCommand, context: BdContext): void {
  withCommentText(program.command('comment').description('add a comment'), context).withHelp({
    examples: [
      ['bd comment app-a1b2c "It happens on Safari only"', 'add a comment'],
      ['git diff | bd comment app-a1b2c -', 'the text from standard input'],
    ],
    see: ['bd comments'],
  });
}

export function addComments(program: CliCommand, context: BdContext): void {
  const comments = program
    .command('comments [id]')
    .description('show the comments of a bead')
    .option('--local-time', 'accepted: dates are shown')
    .withHelp({ examples: [['bd comments app-a1b2c', 'of one bead']], see: ['bd comment'] })
    .action(async (id: string | undefined, _options: unknown, invocation: Invocation) => {
      if (id === undefined) throw new UserError('requires at least 1 arg(s), only received 0', 'bd comments <id>');
      const [bead] = await context.call(invocation, BeadShow.spec, { ids: [id] });
      const list: Comment[] = bead?.comments ?? [];
      const shown = bead?.id ?? id;
      context.print(invocation, list, () =>
        list.length === 0
          ? `No comments on ${shown}`
          : ['', `Comments on ${shown}:`, '', ...commentBlocks(list, context.paint)],
      );
    });
  withCommentText(comments.command('add').description('add a comment'), context).withHelp({
    examples: [['bd comments add app-a1b2c --file notes.md', 'the text from a file']],
    see: ['bd comment'],
  });
}

function withCommentText(command: CliCommand, context: BdContext): CliCommand {
  return command
    .argument('<id>')
    .argument('[text...]', 'the comment (- for standard input)')
    .option('-f, --file <file>', 'read the comment from a file (- for standard input)')
    .option('--stdin', 'read the comment from standard input')
    .option('-a, --author <name>', 'the author (default: you)')
    .action(async (id: string, words: string[], options: CommentOptions, invocation: Invocation) => {
      const isDash = options.stdin === true || (words.length === 1 && words[0] === '-');
      if (options.file !== undefined && words.length > 0) throw new UserError('cannot specify both a text and --file');
      const file = options.file ?? (isDash ? '-' : undefined);
      if (file === undefined && words.length === 0)
        throw new UserError('comment text required (use -f to read from file)');
      const text = file === undefined ? words.join(' ') : readText(file, context.process);
      const { author } = options;
      const added = await context.call(invocation, CommentAdd.spec, { id, text, ...(author ? { author } : {}) });
      context.print(invocation, added, () => `Comment added to ${added.issue_id}`);
    });
}
