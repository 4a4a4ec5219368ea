import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { BeadBatch, type BatchFields, type BatchOperation } from '../../protocol/batch';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { defined, parsePriority, readText } from './options';

/** `bd batch`: applies the changes in a file, one per line, all or none. */

interface BatchOptions {
  file?: string;
  dryRun?: boolean;
}

const FIELDS = ['title', 'status', 'priority', 'assignee'];

export function addBatch(program: CliCommand, context: BdContext): void {
  program
    .command('batch')
    .description('apply several changes atomically')
    .option('-f, --file <file>', 'read the changes from this file (default: standard input)')
    .option('--dry-run', 'check them, and change nothing')
    .option('-m, --message <text>', 'accepted, has no effect: git keeps the versions')
    .withHelp({
      text: 'One change per line: "create <type> <priority> <title>", "update <id> <field>=<value> …" (title, status, priority, assignee), "close <id> [reason]", "dep add <id> <depends-on> [type]", "dep remove <id> <depends-on>". Values with blanks are written in double quotes. Empty lines and lines that begin with # are ignored. In JSON the ids are in the order of the changes.',
      examples: [
        ['bd batch --file changes.txt', 'apply the changes in a file'],
        ['printf "close app-a1b2c done\\ncreate task 2 Next\\n" | bd batch', 'two changes from another program'],
      ],
      exits: { 1: 'a change is not possible: none was applied' },
      see: ['bd create --file', 'bd update', 'bd close'],
    })
    .action(async (options: BatchOptions, invocation: Invocation) => {
      const operations = operationsOf(readText(options.file ?? '-', context.process, 'reading file'));
      if (operations.length === 0) throw new UserError('there is nothing to do', 'One change a line: bd help batch');
      const dryRun = options.dryRun ? { dryRun: true } : {};
      const { ids } = await context.call(invocation, BeadBatch.spec, {
        operations,
        ...(await context.owner()),
        ...dryRun,
      });
      const value = { operations: operations.length, ids, dry_run: options.dryRun === true };
      context.print(invocation, value, () => [
        `${options.dryRun ? 'Would make' : '✓ Made'} ${plural(operations.length, 'change')}:`,
        ...operations.map((operation, index) => `  ${operation.op} ${oneLine(ids[index] ?? '')}`),
      ]);
    });
}

/** Parses the changes. @throws UserError that names the line */
export function operationsOf(text: string): BatchOperation[] {
  return text.split('\n').flatMap((line, index) => {
    const words = wordsOf(line.trim(), index + 1);
    if (words.length === 0 || words[0]!.startsWith('#')) return [];
    return [operationOf(words, index + 1)];
  });
}

function operationOf(words: string[], line: number): BatchOperation {
  const [verb, ...rest] = words;
  const [first, second, third, fourth] = rest;
  const wrong = (usage: string): UserError => new UserError(`line ${line}: expected "${usage}"`, 'bd help batch');
  switch (verb) {
    case 'create':
      if (first === undefined || second === undefined || third === undefined)
        throw wrong('create <type> <priority> <title>');
      return { op: 'create', type: first, priority: priorityOf(second, line), title: rest.slice(2).join(' ') };
    case 'update':
      if (first === undefined || second === undefined) throw wrong('update <id> <field>=<value> …');
      return { op: 'update', id: first, fields: fieldsOf(rest.slice(1), line) };
    case 'close':
      if (first === undefined) throw wrong('close <id> [reason]');
      return { op: 'close', id: first, ...defined({ reason: rest.slice(1).join(' ') || undefined }) };
    case 'dep':
      if ((first !== 'add' && first !== 'remove') || second === undefined || third === undefined)
        throw wrong('dep add|remove <id> <depends-on>');
      if (first === 'remove') return { op: 'dep-remove', from: second, to: third };
      return { op: 'dep-add', from: second, to: third, ...defined({ type: fourth }) };
    default:
      throw new UserError(`line ${line}: unknown change "${verb ?? ''}"`, 'There are: create, update, close, dep');
  }
}

function fieldsOf(words: string[], line: number): BatchFields {
  const fields: Record<string, string | number> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    const [name, value] = [word.slice(0, Math.max(equals, 0)), word.slice(equals + 1)];
    if (!FIELDS.includes(name))
      throw new UserError(`line ${line}: expected <field>=<value> (got ${word})`, `Fields: ${FIELDS.join(', ')}`);
    fields[name] = name === 'priority' ? priorityOf(value, line) : value;
  }
  return fields;
}

function priorityOf(text: string, line: number): number {
  try {
    return parsePriority(text);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`line ${line}: ${error.message}`, error.hint) : error;
  }
}

/** Splits a line at blanks; blanks in double quotes are part of a word, and a backslash escapes the next character. */
function wordsOf(line: string, number: number): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at]!;
    if (char === '"') {
      quoted = !quoted;
      word ??= '';
    } else if (quoted && char === '\\' && at + 1 < line.length) {
      at += 1;
      word = `${word ?? ''}${line[at]}`;
    } else if (!quoted && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${char}`;
  }
  if (quoted) throw new UserError(`line ${number}: a double quote is not closed`);
  return word === undefined ? words : [...words, word];
}
