import { UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import { LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { indent, oneLine, printable } from '../shared/output';
import type { BdContext } from './context';

/** `bd remember`, `bd memories`, `bd recall` and `bd forget`: notes of agents for later sessions. */

/** Prefix of memories, among the keys that agents may set. */
export const MEMORY_PREFIX = 'kv.memory.';

/** Maximum number of words and of bytes of a key that is derived from the text. */
const KEY_WORDS = 8;
const KEY_BYTES = 60;

export function addMemory(program: CliCommand, context: BdContext): void {
  program
    .command('remember <text...>')
    .description('keep a remark for later sessions')
    .option('--key <key>', 'its name (default: the first words); replaces a memory of the same name')
    .withHelp({
      text: '"bd prime" shows all of them to the next session.',
      examples: [
        ['bd remember "Tests need TZ=UTC"', 'under the key tests-need-tz-utc'],
        ['bd remember "Deploys are on Mondays" --key deploys', 'replaces the memory "deploys"'],
      ],
      see: ['bd memories', 'bd forget'],
    })
    .action((words: string[], options: { key?: string }, invocation: Invocation) =>
      remember(invocation, context, words.join(' ').trim(), options.key),
    );
  program
    .command('memories [words...]')
    .description('list memories, or those that contain all the words')
    .withHelp({
      examples: [
        ['bd memories', 'all of them'],
        ['bd memories deploy', 'those about deploys'],
      ],
      see: ['bd remember', 'bd recall'],
    })
    .action((words: string[], _options: unknown, invocation: Invocation) => list(invocation, context, words));
  program
    .command('recall <key>')
    .description('print one remark')
    .withHelp({
      examples: [['bd recall deploys', 'in full']],
      exits: { 1: 'there is none of this name' },
      see: ['bd memories'],
    })
    .action((key: string, _options: unknown, invocation: Invocation) => recall(invocation, context, key));
  program
    .command('forget <key>')
    .description('remove a remark')
    .withHelp({
      examples: [['bd forget deploys', 'it is gone']],
      exits: { 1: 'there is none of this name' },
      see: ['bd memories'],
    })
    .action((key: string, _options: unknown, invocation: Invocation) => forget(invocation, context, key));
}

async function remember(invocation: Invocation, context: BdContext, text: string, given?: string): Promise<void> {
  if (text === '') throw new UserError('nothing to remember', 'bd remember "…"');
  const key = given ?? keyFrom(text);
  await context.withLedger(invocation, async (backend) => {
    const { settings } = await backend.call(LedgerInfoGet.spec, {});
    const isKnown = memoriesOf(settings).has(key);
    await backend.call(LedgerSettingChange.spec, { key: MEMORY_PREFIX + key, value: text });
    context.print(
      invocation,
      { action: isKnown ? 'updated' : 'remembered', key, value: text },
      () => `${isKnown ? 'Updated' : 'Remembered'} [${oneLine(key)}]: ${oneLine(text)}`,
    );
  });
}

async function list(invocation: Invocation, context: BdContext, words: string[]): Promise<void> {
  const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
  const wanted = words.map((word) => word.toLowerCase());
  const found = [...memoriesOf(settings)].filter(([key, text]) =>
    wanted.every((word) => `${key} ${text}`.toLowerCase().includes(word)),
  );
  const none = words.length === 0 ? 'No memories stored. Use "bd remember" to add one.' : 'No memories match';
  context.print(invocation, Object.fromEntries(found), () =>
    found.length === 0
      ? none
      : [
          `Memories (${found.length}):`,
          ...found.flatMap(([key, text]) => ['', `  ${oneLine(key)}`, indent(printable(text), 4)]),
        ],
  );
}

async function recall(invocation: Invocation, context: BdContext, key: string): Promise<void> {
  const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
  const value = memoriesOf(settings).get(key);
  if (value === undefined) throw noMemory(key);
  context.print(invocation, { key, value, found: true }, () => printable(value));
}

async function forget(invocation: Invocation, context: BdContext, key: string): Promise<void> {
  await context.withLedger(invocation, async (backend) => {
    const { settings } = await backend.call(LedgerInfoGet.spec, {});
    const value = memoriesOf(settings).get(key);
    if (value === undefined) throw noMemory(key);
    await backend.call(LedgerSettingChange.spec, { key: MEMORY_PREFIX + key });
    context.print(invocation, { key, deleted: true }, () => `Forgot [${oneLine(key)}]: ${oneLine(value)}`);
  });
}

/** Memories by key, sorted. */
export function memoriesOf(settings: Readonly<Record<string, string>>): Map<string, string> {
  const own = Object.entries(settings).filter(([key]) => key.startsWith(MEMORY_PREFIX));
  return new Map(
    own
      .map(([key, text]): [string, string] => [key.slice(MEMORY_PREFIX.length), text])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A key from the first words of a text. @throws UserError if it would contain no letter or digit */
export function keyFrom(text: string): string {
  const words = firstLine(text)
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .match(/[a-z0-9]+/g);
  if (!words) throw new UserError('no key can be made from this text', 'Name one: --key <key>');
  return cutBytes(words.slice(0, KEY_WORDS).join('-'), KEY_BYTES).replace(/[^a-z0-9]+$/, '');
}

function noMemory(key: string): UserError {
  return new UserError(`no memory with key ${JSON.stringify(key)}`, 'See "bd memories".', 'not-found');
}
