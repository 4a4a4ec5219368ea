import type { Command } from 'commander';
import { addAboutCommands } from '../../about';
import { print } from '../session';

export function addAbout(program: Command): void {
  addAboutCommands(program, print, (text) => void process.stdout.write(text));
}
