import { UserError } from '../../base/errors';

/*
 * A program that cannot start, and knows why, writes the reason as one line into its log: the starting process shows
 * that message to the user.
 */

const MARK = 'cannot start: ';

export function startFailureLine({ message, hint }: UserError): string {
  return `${MARK}${JSON.stringify({ message, hint })}`;
}

/** The reason in the last such line of a log. */
export function startFailureIn(log: string): UserError | undefined {
  const line = log
    .split('\n')
    .reverse()
    .find((candidate) => candidate.startsWith(MARK));
  if (line === undefined) return undefined;
  try {
    const { message, hint } = JSON.parse(line.slice(MARK.length)) as Record<string, unknown>;
    if (typeof message !== 'string') return undefined;
    return new UserError(message, typeof hint === 'string' ? hint : undefined, 'unavailable');
  } catch {
    return undefined;
  }
}
