import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { messageOf, UserError } from '../../base/errors';
import { isPlainObject } from '../../base/objects';
import { appendText } from '../../base/safeFiles';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { actorName } from '../shared/connect';
import type { BdContext, GlobalOptions } from './context';
import { printEvents } from './events';
import { defined } from './options';

/**
 * `bd audit`: requests of agents to models and tools, one line each in `.beads/interactions.jsonl`, which git carries.
 */

interface RecordOptions {
  kind?: string;
  model?: string;
  prompt?: string;
  response?: string;
  issueId?: string;
  toolName?: string;
  exitCode?: number;
  error?: string;
  stdin?: boolean;
}

export function addAudit(program: CliCommand, context: BdContext): void {
  const audit = program
    .command('audit')
    .description('record what agents asked models and tools')
    .withHelp({
      text: 'Entries are added to .beads/interactions.jsonl and never changed. With --actor alone: what an agent did with beads.',
      examples: [
        ['bd audit record --kind tool_call --tool-name bash --exit-code 0', 'one entry'],
        ['bd audit --actor toy/polecats/rust', 'what an agent did'],
      ],
      see: ['bd events', 'bd skills'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { actor: by } = invocation.options as GlobalOptions;
      return by === undefined ? invocation.printHelp(audit) : printEvents(context, invocation, { by });
    });
  addRecord(audit, context);
  addLabel(audit, context);
}

function addRecord(audit: CliCommand, context: BdContext): void {
  audit
    .command('record')
    .description('add an entry')
    .option('--kind <kind>', 'llm_call, tool_call, …')
    .option('--model <name>', 'which model was asked')
    .option('--prompt <text>', 'the prompt')
    .option('--response <text>', 'the response')
    .option('--issue-id <id>', 'the bead that it was about')
    .option('--tool-name <name>', 'which tool was used')
    .option('--exit-code <code>', 'how it ended', parseExitCode)
    .option('--error <text>', 'what went wrong')
    .option('--stdin', 'read the entry as JSON from standard input')
    .withHelp({
      examples: [['bd audit record --kind llm_call --model m1 --prompt "…" --response "…"', 'one call']],
      see: ['bd audit label'],
    })
    .action(async (options: RecordOptions, invocation: Invocation) => {
      const given = options.stdin || !options.kind ? entryFromStdin(context) : {};
      const entry = {
        ...given,
        ...defined({
          kind: options.kind || undefined,
          issue_id: options.issueId,
          model: options.model,
          prompt: options.prompt,
          response: options.response,
          tool_name: options.toolName,
          exit_code: options.exitCode,
          error: options.error,
        }),
      };
      if (typeof entry.kind !== 'string' || entry.kind === '') throw new UserError('--kind is required');
      const id = await append(invocation, context, entry);
      context.print(invocation, { id, kind: entry.kind }, () => id);
    });
}

function parseExitCode(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new UserError(`invalid --exit-code ${JSON.stringify(text)}: a number is needed`);
  return Number(text);
}

function entryFromStdin(context: BdContext): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(context.process.readStdin());
  } catch (error) {
    throw new UserError(
      `invalid JSON on stdin: ${lowerFirst(messageOf(error))}`,
      'Give --kind, or an object such as {"kind": "llm_call"}.',
    );
  }
  if (!isPlainObject(value)) throw new UserError('invalid JSON on stdin: an object is needed');
  return value;
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function addLabel(audit: CliCommand, context: BdContext): void {
  audit
    .command('label <entry>')
    .description('rate an entry')
    .option('--label <label>', 'such as good or bad')
    .option('--reason <text>', 'why')
    .withHelp({
      examples: [['bd audit label int-1a2b3c4d --label good', 'adds a separate entry']],
      see: ['bd audit record'],
    })
    .action(async (parent: string, options: { label?: string; reason?: string }, invocation: Invocation) => {
      if (!options.label) throw new UserError('--label is required');
      const entry = { kind: 'label', parent_id: parent, label: options.label, ...defined({ reason: options.reason }) };
      const id = await append(invocation, context, entry);
      context.print(invocation, { id, parent_id: parent, label: options.label }, () => id);
    });
}

/** Adds one line with one write, so that lines of concurrent writers never mix. */
async function append(invocation: Invocation, context: BdContext, entry: Record<string, unknown>): Promise<string> {
  const { cwd, env } = context.process;
  if ((invocation.options as GlobalOptions).readonly)
    throw new UserError('operation is not allowed in read-only mode', undefined, 'refused');
  const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
  const actor = await actorName((invocation.options as GlobalOptions).actor, env, cwd);
  const id = `int-${randomBytes(4).toString('hex')}`;
  const { kind, ...rest } = entry;
  const line = JSON.stringify({ id, kind, created_at: new Date().toISOString(), actor, ...rest });
  appendText(path.join(directory, 'interactions.jsonl'), `${line}\n`, 0o644);
  return id;
}
