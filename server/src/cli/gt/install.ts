import os from 'node:os';
import path from 'node:path';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addInstall(program: CliCommand, context: GtContext): void {
  program
    .command('install')
    .description('create a town in a new folder, or trust an existing one')
    .argument('[path]', 'folder of the town (default: ~/gt)')
    .option('--name <name>', 'name of the town')
    .withHelp({
      text: 'Only towns in your own list are trusted: a folder that was created by others runs nothing until you trust it.',
      examples: [
        ['gt install', 'in ~/gt'],
        ['gt install ~/work/town --name work', 'in another folder'],
      ],
      see: ['gt rig add'],
    })
    .action(async (folder: string | undefined, options: { name?: string }, invocation: Invocation) => {
      const { installTown } = await import('../../town/install');
      const root = folder === undefined ? path.join(os.homedir(), 'gt') : path.resolve(context.process.cwd, folder);
      const result = await installTown(root, options.name);
      context.print(invocation, result, () =>
        result.created
          ? [`✓ Created the town ${result.root}`, '  next: gt rig add <name> <url|folder>']
          : `✓ The town ${result.root} is trusted`,
      );
    });
}
