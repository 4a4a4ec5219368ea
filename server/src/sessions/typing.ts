import { abortableDelay } from '../base/abort';
import { UserError } from '../base/errors';
import type { SessionHostClient } from './hostClient';
import type { SessionRecord } from './records';

/** Some programs treat Enter as pasted text if it arrives together with the text. */
const ENTER_AFTER_MS = 400;

/** Number of attempts to press Enter on a screen that keeps changing. */
const MAX_ENTER_TRIES = 50;

/** Returns what a runtime's screen asks the user, if anything. */
type Asks = (runtime: string, screen: string) => string | undefined;

/**
 * Types as a person would: the text and then, when the program has taken it, Enter. Enter would answer whatever stands
 * on the screen, so the screen is checked before the text and again immediately before Enter. Text from a person is
 * sent without these checks.
 * @throws UserError `conflict` where the program asks a person something
 */
export async function typeText(
  client: SessionHostClient,
  record: SessionRecord,
  text: string,
  { asks, byPerson }: { asks: Asks; byPerson: boolean },
): Promise<void> {
  if (!byPerson) await requireNoQuestion(client, record, asks);
  await client.input(record.id, `\x1b[200~${printable(text)}\x1b[201~`);
  await abortableDelay(ENTER_AFTER_MS);
  if (byPerson) await client.input(record.id, '\r');
  else await pressEnter(client, record, asks);
}

/** Presses Enter only on the very screen that was checked: the host refuses it once more output has come. */
async function pressEnter(client: SessionHostClient, record: SessionRecord, asks: Asks): Promise<void> {
  for (let tries = MAX_ENTER_TRIES; ; tries -= 1) {
    const sequence = await requireNoQuestion(client, record, asks);
    try {
      return await client.input(record.id, '\r', sequence);
    } catch (error) {
      if (tries === 0 || !(error instanceof UserError && error.code === 'conflict')) throw error;
    }
  }
}

/** @returns the place in the session's output that the checked screen shows */
async function requireNoQuestion(client: SessionHostClient, record: SessionRecord, asks: Asks): Promise<number> {
  const { text, sequence } = await client.view(record.id);
  const asked = asks(record.runtime, text);
  if (asked !== undefined)
    throw new UserError(`${record.agent} waits for a person: it ${asked}`, 'answer in its terminal', 'conflict');
  return sequence;
}

/** Removes control characters, so that no part of the text acts as a key. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
