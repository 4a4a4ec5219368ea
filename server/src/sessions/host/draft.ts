import { isTerminalReply } from '../terminalReplies';

const TOKEN = /\u001b\[[0-?]*[ -/]*[@-~]|\u001bO.|\u001b[\s\S]?|[\s\S]/gu;
/**
 * A key in the kitty keyboard protocol (https://sw.kovidgoyal.net/kitty/keyboard-protocol/): its code and modifiers.
 */
const KEY = /^\u001b\[(\d+)(?:[:\d]*)(?:;(\d+))?[;:\d]*u$/;
const ENTER = 13;
const CONTROL = 4;
/** Keys that send the line or delete all of it: Enter, Ctrl-C, Ctrl-D, Ctrl-U. */
const ENDS = new Set(['\r', '\n', '\u0003', '\u0004', '\u0015']);
const CONTROL_ENDS = new Set(['c', 'd', 'u'].map((key) => key.charCodeAt(0)));

/**
 * Whether a user has typed a line into a terminal that is not sent yet. Single deletions are not counted: the draft
 * exists until it is sent or deleted as a whole.
 */
export class Draft {
  private isPasting = false;
  private hasText = false;

  get isOpen(): boolean {
    return this.hasText;
  }

  /** Records input. @param data from a user's keyboard */
  typed(data: string): void {
    if (isTerminalReply(data)) return;
    for (const [token] of data.matchAll(TOKEN)) this.take(token);
  }

  private take(token: string): void {
    if (token === '\u001b[200~') this.isPasting = true;
    else if (token === '\u001b[201~') this.isPasting = false;
    else if (ENDS.has(token)) this.hasText = this.isPasting && this.hasText;
    // Alt-Enter starts a new line of the same draft.
    else if (token === '\u001b\r' || (token >= ' ' && token !== '\u007f' && !token.startsWith('\u001b')))
      this.hasText = true;
    else this.takeKey(token);
  }

  private takeKey(token: string): void {
    const [, code, modifiers = '1'] = KEY.exec(token) ?? [];
    if (code === undefined) return;
    const key = Number(code);
    const isControl = ((Number(modifiers) - 1) & CONTROL) !== 0;
    if ((key === ENTER && modifiers === '1') || (isControl && CONTROL_ENDS.has(key))) this.hasText = false;
    else if (!isControl && key >= 32 && key !== 127 && key < 57_344) this.hasText = true;
  }
}
