/**
 * An error that the user can act on: `message` says what is wrong, `hint` what to do about it. Everything else that is
 * thrown is a bug, logged with its stack.
 */
export class UserError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
    /** Stable name of the kind of failure, for callers that branch on it. */
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
  | 'conflict' // another writer was first (compare-and-set failed)
  | 'refused' // the caller may not do this
  | 'consent' // a person must accept something first
  | 'unavailable'; // disk full, server gone, command missing

/** Text of any thrown value for a log, with its stack if it has one. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Messages of V8 and Node about values that got too big, with their plain translation. Translated only here. */
const engineMessages: readonly [pattern: RegExp, text: string][] = [
  [/^Maximum call stack size exceeded/, 'the data is nested too deeply'],
  [/^Invalid (?:string|array|typed array|array buffer) length/, 'the data is too large'],
  [
    /^Cannot create a string longer than|^Array buffer allocation failed|maximum size exceeded$/,
    'the data is too large',
  ],
  [/heap out of memory|reaching memory limit/, 'it needs too much memory'],
];

const noSpace = { text: 'no space left on the disk', hint: 'Free some space and try again.' };
const noRight = { text: 'permission denied', hint: 'Check the owner and the permissions of the folder.' };
const tooManyFiles = { text: 'too many open files', hint: 'End other programs, or raise the limit ("ulimit -n").' };

/** Plain messages for errors of the machine itself, whatever the operation. Translated only here. */
const machineProblems: Readonly<Record<string, { text: string; hint: string }>> = {
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  EACCES: noRight,
  EPERM: noRight,
  EROFS: { text: 'the file system is read-only', hint: 'Make it writable, or use another folder.' },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  EIO: { text: 'the disk reports an error', hint: 'Check the disk. What was saved before is not changed.' },
};

/**
 * The message for an error of the machine; undefined for other errors, and for errors of programs and sockets, whose
 * codes mean something else.
 */
export function machineProblem(error: unknown): { text: string; hint: string } | undefined {
  const { code, syscall = '' } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  if (error instanceof UserError || code === undefined || /^(?:spawn|connect|listen|bind|kill)/.test(syscall))
    return undefined;
  return machineProblems[code];
}

/** The error as a `UserError` if the user can act on it; undefined for a bug. */
export function asUserError(error: unknown): UserError | undefined {
  if (error instanceof UserError) return error;
  const problem = machineProblem(error);
  return problem && new UserError(messageOf(error), problem.hint, 'unavailable');
}

/** The message of anything thrown, with messages of V8 or the system in plain words if we have a translation. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const problem = machineProblem(error);
  const { path } = error as NodeJS.ErrnoException;
  if (problem) return path === undefined ? problem.text : `${path}: ${problem.text}`;
  return engineMessages.find(([pattern]) => pattern.test(error.message))?.[1] ?? error.message;
}

/** True for a Node system error with this code, such as ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

let unexpectedErrorHandler: (error: unknown) => void = (error) =>
  process.emitWarning(error instanceof Error ? error : String(error));

/** Reports an error without a waiting caller, such as one of an event listener. Never throws. */
export function onUnexpectedError(error: unknown): void {
  try {
    unexpectedErrorHandler(error);
  } catch {
    // A log that cannot be written must not end the program.
  }
}

/** The target of `onUnexpectedError`: each program sets its own log once at its start. */
export function setUnexpectedErrorHandler(handler: (error: unknown) => void): void {
  unexpectedErrorHandler = handler;
}
