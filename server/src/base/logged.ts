import { messageOf } from './errors';

/**
 * Wraps a task for a timer so that it never throws: an exception in a timer, such as from a settings file that the user
 * is editing, would end the server. Consecutive equal errors are logged once.
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
