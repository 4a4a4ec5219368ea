import { UserError, asUserError, messageOf, type ErrorCode } from '../base/errors';

/** JSON-RPC's code of a `UserError`, whose hint and code are the data. */
const USER_ERROR = -32050;
/** JSON-RPC's own code of any other failure of a handler. */
const INTERNAL_ERROR = -32603;

/** A failure as it crosses the wire. */
export interface WireError {
  code: number;
  message: string;
  data?: unknown;
}

const errorCodes: readonly ErrorCode[] = [
  'invalid',
  'not-found',
  'ambiguous',
  'conflict',
  'refused',
  'consent',
  'unavailable',
];

/** How anything that was thrown crosses the wire. */
export function wireError(error: unknown): WireError {
  const told = asUserError(error);
  if (told) return { code: USER_ERROR, message: told.message, data: { hint: told.hint, code: told.code } };
  return { code: INTERNAL_ERROR, message: messageOf(error) };
}

/** The `UserError` that the other end threw, or undefined where it threw something else. */
export function userErrorOf({ code, message, data }: WireError): UserError | undefined {
  if (code !== USER_ERROR) return undefined;
  const fields = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  return new UserError(message, typeof fields.hint === 'string' ? fields.hint : undefined, errorCode(fields.code));
}

/** `invalid` for a code that is not known here. */
export function errorCode(code: unknown): ErrorCode {
  return errorCodes.find((known) => known === code) ?? 'invalid';
}
