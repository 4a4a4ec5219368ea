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

/** Converts anything thrown to a `WireError`. */
export function wireError(error: unknown): WireError {
  const told = asUserError(error);
  if (told) return { code: USER_ERROR, message: told.message, data: { hint: told.hint, code: told.code } };
  return { code: INTERNAL_ERROR, message: messageOf(error) };
}

/** The `UserError` that the other end threw, or undefined if it threw something else. */
export function userErrorOf({ code, message, data }: WireError): UserError | undefined {
  if (code !== USER_ERROR) return undefined;
  const fields = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  return new UserError(message, typeof fields.hint === 'string' ? fields.hint : undefined, errorCode(fields.code));
}

/** The code of a `UserError`; `invalid` for an unknown one. */
export function errorCode(code: unknown): ErrorCode {
  return errorCodes.find((known) => known === code) ?? 'invalid';
}
