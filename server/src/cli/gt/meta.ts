import type { Command } from 'commander';
import { addAboutCommands } from '../shared/metaCommands';
import { print } from '../shared/connect';

export function addAbout(program: Command): void {
  addAboutCommands(program, print, (text) => void process.stdout.write(text));
}
