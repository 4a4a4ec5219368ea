import { messageOf } from './errors';

/**
 * Makes a task that never throws, for timers: what fails in one, such as reading a settings file that a person is in
 * the middle of editing, would end the server. Consecutive equal errors are logged once.
 */
export function logged(tell: (reason: string) => void, task: () => void): () => void {
  let lastReason: string | undefined;
  return () => {
    try {
      task();
      lastReason = undefined;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== lastReason) tell(reason);
      lastReason = reason;
    }
  };
}
