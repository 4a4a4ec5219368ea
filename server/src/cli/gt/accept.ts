import { UserError } from '../../base/errors';
import { revealHidden } from '../../base/text';
import { ConsentGive, TownGetSnapshot, type AttentionInfo } from '../../protocol/town';
import type { Caller } from '../../protocol/request';
import type { CliCommand, Invocation } from '../shared/command';
import { indent } from '../shared/output';
import { nextStep } from './attention';
import type { GtContext } from './context';

export interface AcceptOptions {
  yes?: boolean;
  hash?: string;
}

/** Minimum length of a hash for `--hash`. */
const MIN_HASH = 12;
/** Characters of a hash that are shown. */
const SHOWN_HASH = 16;

export function addAccept(program: CliCommand, context: GtContext): void {
  withAcceptOptions(
    program
      .command('accept <attention>')
      .description("show what needs your consent (a rig's commands, a runtime, a script), and accept it"),
  )
    .withHelp({
      text: 'Without --yes or --hash it only shows what would run.',
      examples: [
        ['gt accept consent-toy', 'show it'],
        ['gt accept consent-toy --hash 3f9a1c2b4d5e6f70', 'accept exactly what was shown'],
        ['gt accept consent-toy --yes', 'accept what it is now'],
      ],
      exits: { 1: 'it was only shown, or it has changed since it was shown' },
      see: ['gt attention', 'gt rig accept', 'gt config agent accept'],
    })
    .action(async (id: string, options: AcceptOptions, invocation: Invocation) => {
      await acceptConsent(invocation, context, options, async (town) => {
        const { attention } = await town.call(TownGetSnapshot.spec, { once: true });
        const item = attention.find((candidate) => candidate.id === id);
        if (!item) throw new UserError(`nothing with the id ${id} needs attention`, 'see "gt attention"', 'not-found');
        if (!item.consent) throw new UserError(`${id} does not ask for consent`, nextStep(item), 'invalid');
        return item;
      });
    });
}

export function withAcceptOptions(command: CliCommand): CliCommand {
  return command
    .option('--yes', 'accept the current version, and print it')
    .option('--hash <hash>', 'accept exactly the version with this hash');
}

/**
 * Accepts one pending consent: with `--hash` exactly the version that was shown before, with `--yes` the current one.
 * Without either it is only shown. The server refuses a hash that is out of date.
 */
export async function acceptConsent(
  invocation: Invocation,
  context: GtContext,
  options: AcceptOptions,
  find: (town: Caller) => Promise<AttentionInfo | undefined>,
): Promise<void> {
  await context.withTown(invocation, async (town) => {
    const item = await find(town);
    const consent = item?.consent;
    if (!consent)
      return context.print(
        invocation,
        { accepted: true, asked: false },
        () => 'Nothing to accept: it is accepted already, or not needed yet',
      );
    checkShown(item.id, consent, options);
    await town.call(ConsentGive.spec, { kind: consent.kind, hash: consent.hash });
    context.print(
      invocation,
      { accepted: true, asked: true, id: item.id, hash: consent.hash, text: consent.text },
      () => [`✓ Accepted (${item.id}):`, indent(revealHidden(consent.text), 2)],
    );
  });
}

/** @throws UserError if the user has not seen the text that would run */
function checkShown(id: string, consent: { hash: string; text: string }, { yes, hash }: AcceptOptions): void {
  if (!yes && hash === undefined)
    throw new UserError(
      `this would run:\n${indent(revealHidden(consent.text), 2)}`,
      `accept exactly this with "gt accept ${id} --hash ${consent.hash.slice(0, SHOWN_HASH)}"`,
      'consent',
    );
  if (hash !== undefined && !(hash.length >= MIN_HASH && consent.hash.startsWith(hash)))
    throw new UserError(
      'it has changed since it was shown, or the hash is wrong',
      `show it again: gt accept ${id}`,
      'conflict',
    );
}
