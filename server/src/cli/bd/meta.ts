import type { Command } from 'commander';
import { addAboutCommands } from '../shared/metaCommands';
import type { BdContext } from './context';

export function addAbout(program: Command, context: BdContext): void {
  addAboutCommands(
    program,
    (command, value, lines) => context.print(command, value, lines),
    (text) => context.terminal.write(text),
  );
}
