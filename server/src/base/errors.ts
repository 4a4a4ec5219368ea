/**
 * An error that a person can act on: `message` says what is wrong, `hint` what to do about it.
 * Everything else that is thrown is a defect and keeps its stack in the log.
 */
export class UserError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
    /** Stable machine-readable name, for callers that branch on the kind of failure. */
    readonly code: ErrorCode = 'invalid',
  ) {
    super(message);
    this.name = 'UserError';
  }
}

export type ErrorCode =
  | 'invalid' // the input is wrong
  | 'not-found'
  | 'ambiguous'
  | 'conflict' // somebody else got there first (compare-and-set lost)
  | 'refused' // the caller may not do this
  | 'consent' // a person must accept something first
  | 'unavailable'; // disk full, server gone, command missing

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a Node system error with this code, such as ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

let unexpectedErrorHandler: (error: unknown) => void = (error) =>
  process.emitWarning(error instanceof Error ? error : String(error));

/** Reports an error that no caller waits for, such as one of an event listener. Never throws. */
export function onUnexpectedError(error: unknown): void {
  try {
    unexpectedErrorHandler(error);
  } catch {
    // A log that cannot be written must not end the program.
  }
}

/** Where `onUnexpectedError` reports to: each program sets its own log once at its start. */
export function setUnexpectedErrorHandler(handler: (error: unknown) => void): void {
  unexpectedErrorHandler = handler;
}
