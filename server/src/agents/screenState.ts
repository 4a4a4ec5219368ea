import type { RuntimeInfo } from '../protocol/town';
import { presetOf } from './runtimes';

export type ScreenState =
  | { state: 'working' }
  /** The program continues only when a person answers. `says`: predicate to follow "it ". */
  | { state: 'waiting'; says: string };

/**
 * Whether the screen shows a question that only a person can answer, such as a login. Only known blocking questions
 * count: liveness is never derived from the screen.
 * @param screen its visible lines
 */
export function screenState(runtime: RuntimeInfo, screen: string): ScreenState {
  const text = plainText(screen);
  const dialog = presetOf(runtime)?.dialogs.find(({ pattern }) => pattern.test(text));
  return dialog ? { state: 'waiting', says: dialog.says } : { state: 'working' };
}

/** The text of a screen in one line, without frames. */
function plainText(screen: string): string {
  return screen.replace(/[\u2500-\u259f\s]+/g, ' ').trim();
}
