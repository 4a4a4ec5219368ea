import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { PRIVATE_FILE, readTextIfPresent, removeFile, writeFileAtomic } from '../../base/safeFiles';
import { canonicalPath } from '../../base/safePaths';
import { BeadShow, BeadUpdate, type BeadDetails } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';

/** `bd edit`: one text of a bead in the user's editor. */

const fields = {
  title: (bead: BeadDetails) => bead.title,
  description: (bead: BeadDetails) => bead.description,
  design: (bead: BeadDetails) => bead.design,
  notes: (bead: BeadDetails) => bead.notes,
  acceptance: (bead: BeadDetails) => bead.acceptance_criteria,
} as const;
type Field = keyof typeof fields;
const names = Object.keys(fields) as Field[];

export function addEdit(program: CliCommand, context: BdContext): void {
  program
    .command('edit <id>')
    .description('edit a text of a bead in $EDITOR')
    .option('--description', 'the description, the default')
    .option('--title', 'the title')
    .option('--design', 'the design notes')
    .option('--notes', 'the notes')
    .option('--acceptance', 'the acceptance criteria')
    .withHelp({
      text: 'The editor is $VISUAL or $EDITOR, else vi. A text that is saved unchanged changes nothing.',
      examples: [
        ['bd edit app-a1b2c', 'its description'],
        ['bd edit app-a1b2c --notes', 'its notes'],
      ],
      see: ['bd update', 'bd show'],
    })
    .action(async (id: string, options: Partial<Record<Field, boolean>>, invocation: Invocation) => {
      const chosen = names.filter((name) => options[name]);
      if (chosen.length > 1) throw new UserError('edit one text at a time', `Given: --${chosen.join(', --')}.`);
      const field = chosen[0] ?? 'description';
      const bead = (await context.call(invocation, BeadShow.spec, { ids: [id] }))[0]!;
      const before = fields[field](bead) ?? '';
      const after = edited(before, `${bead.id}-${field}`, context);
      if (after === before) return context.print(invocation, { id: bead.id, changed: false }, () => 'No changes made');
      if (field === 'title' && after.trim() === '') throw new UserError('title cannot be empty');
      await context.call(invocation, BeadUpdate.spec, { ids: [bead.id], [field]: after });
      context.print(invocation, { id: bead.id, changed: true }, () => `✓ Updated ${field} for issue: ${bead.id}`);
    });
}

/**
 * The text after the user has closed the editor. A newline that the editor adds at the end does not count as a change.
 */
function edited(text: string, name: string, { process }: BdContext): string {
  // An unpredictable name, so that no link can have been planted there.
  const file = path.join(canonicalPath(os.tmpdir()), `bd-edit-${randomBytes(9).toString('hex')}-${name}.md`);
  try {
    writeFileAtomic(file, text === '' ? '' : `${text.trimEnd()}\n`, PRIVATE_FILE);
    const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
    // The variable holds a command line, such as `code --wait`; the file is a separate argument.
    const { status, error } = spawnSync(`${editor} "$BD_EDIT_FILE"`, {
      shell: true,
      stdio: 'inherit',
      cwd: process.cwd,
      env: { ...process.env, BD_EDIT_FILE: file },
    });
    if (error || status !== 0)
      throw new UserError(
        `editor ${editor} failed`,
        'Set $EDITOR to a command that ends when the text is saved.',
        'unavailable',
      );
    const after = (readTextIfPresent(file) ?? '').trimEnd();
    return after === text.trimEnd() ? text : after;
  } finally {
    removeFile(file);
  }
}
