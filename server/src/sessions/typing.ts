import { abortableDelay } from '../base/abort';
import { UserError } from '../base/errors';
import type { SessionHostClient } from './hostClient';
import type { ScreenView } from './protocol';
import type { SessionRecord } from './records';

/** Some programs treat Enter as pasted text if it arrives together with the text. */
const ENTER_AFTER_MS = 400;

/** Number of attempts to press Enter on a screen that keeps changing. */
const MAX_ENTER_TRIES = 50;

/** Time without output after which a program counts as waiting for input: busy ones print more often. */
const IDLE_MS = 2_000;

/** Maximum time that text waits for the program, and for a user who is typing. */
const MAX_WAIT_MS = 12_000;
const LOOK_MS = 250;

/** The program is busy, or a user has started a line: the text has to be delivered in another way. */
export class BusyError extends UserError {
  constructor(agent: string, why: 'working' | 'draft') {
    super(
      why === 'draft' ? `${agent} has a line in its terminal that was typed and not sent` : `${agent} is working`,
      why === 'draft' ? 'send or delete that line, then try again' : 'try again when it has finished its turn',
      'conflict',
    );
  }
}

/** Returns what a runtime's screen asks the user, if anything. */
type Asks = (runtime: string, screen: string) => string | undefined;

/**
 * Types like a user: the text and, after a delay, Enter. Waits until the program is idle and the user has sent any line
 * that they had started. Enter would answer whatever is on the screen, so the screen is checked before the text and
 * again immediately before Enter.
 * @param force types at once, without any check
 * @throws UserError `conflict` if the program asks the user something
 * @throws BusyError if it stays busy
 */
export async function typeText(
  client: SessionHostClient,
  record: SessionRecord,
  text: string,
  { asks, force }: { asks: Asks; force: boolean },
): Promise<void> {
  if (!force) await waitUntilIdle(client, record, asks);
  await client.input(record.id, `\x1b[200~${printable(text)}\x1b[201~`);
  await abortableDelay(ENTER_AFTER_MS);
  if (force) await client.input(record.id, '\r');
  else await pressEnter(client, record, asks);
}

async function waitUntilIdle(client: SessionHostClient, record: SessionRecord, asks: Asks): Promise<void> {
  for (const end = Date.now() + MAX_WAIT_MS; ; await abortableDelay(LOOK_MS)) {
    const { quietMs = Infinity, hasDraft = false } = await requireNoQuestion(client, record, asks);
    if (quietMs >= IDLE_MS && !hasDraft) return;
    if (Date.now() >= end) throw new BusyError(record.agent, hasDraft ? 'draft' : 'working');
  }
}

/** Presses Enter only on the very screen that was checked: the host refuses it once more output has come. */
async function pressEnter(client: SessionHostClient, record: SessionRecord, asks: Asks): Promise<void> {
  for (let tries = MAX_ENTER_TRIES; ; tries -= 1) {
    const { sequence } = await requireNoQuestion(client, record, asks);
    try {
      return await client.input(record.id, '\r', { onlyAt: sequence });
    } catch (error) {
      if (tries === 0 || !(error instanceof UserError && error.code === 'conflict')) throw error;
    }
  }
}

async function requireNoQuestion(client: SessionHostClient, record: SessionRecord, asks: Asks): Promise<ScreenView> {
  const view = await client.view(record.id);
  const asked = asks(record.runtime, view.text);
  if (asked !== undefined)
    throw new UserError(`${record.agent} waits for a person: it ${asked}`, 'answer in its terminal', 'conflict');
  return view;
}

/** Removes control characters, so that no part of the text acts as a key. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
