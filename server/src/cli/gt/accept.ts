import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import { ConsentGive, type AttentionInfo } from '../../protocol/town';
import type { TownConnection } from '../../protocol/transport';
import { print, withTown } from '../shared/connect';

export interface AcceptOptions {
  yes?: boolean;
  hash?: string;
}

/** Shortest part of a hash that may stand for it. */
const MIN_HASH = 12;

export function withAcceptOptions(command: Command): Command {
  return command
    .option('--yes', 'accept what there is now, and print it')
    .option('--hash <hash>', 'accept exactly what was shown with this hash');
}

/**
 * Accepts one thing that would run: `--hash` exactly what was shown before, `--yes` what there is now. With neither it
 * is only shown. The server refuses a hash that no longer is what waits.
 */
export async function acceptOne(
  command: Command,
  options: AcceptOptions,
  find: (town: TownConnection) => Promise<AttentionInfo | undefined>,
): Promise<void> {
  await withTown(command, async (town) => {
    const item = await find(town);
    const consent = item?.consent;
    if (!consent)
      return print(
        command,
        { accepted: true, asked: false },
        () => 'Nothing waits for your consent: it is accepted already, or not wanted yet',
      );
    if (!options.yes && options.hash === undefined) {
      throw new UserError(
        `this would run:\n${indented(consent.text)}`,
        `accept exactly this with "gt accept ${item.id} --hash ${consent.hash.slice(0, 16)}"`,
        'consent',
      );
    }
    if (options.hash !== undefined && !(options.hash.length >= MIN_HASH && consent.hash.startsWith(options.hash))) {
      throw new UserError(
        'what you were shown has changed meanwhile, or the hash is wrong',
        `look at it again: gt accept ${item.id}`,
        'conflict',
      );
    }
    await town.call(ConsentGive.spec, { kind: consent.kind, hash: consent.hash });
    print(command, { accepted: true, asked: true, id: item.id, hash: consent.hash, text: consent.text }, () => [
      `✓ Accepted (${item.id}):`,
      indented(consent.text),
    ]);
  });
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
