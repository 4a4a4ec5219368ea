import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { builtInStatuses, builtInTypes } from '../../protocol/vocabulary';
import { isTime } from './time';

/** Names that a ledger allows besides the built-in ones. */
export interface LedgerRules {
  customStatuses: readonly string[];
  customTypes: readonly string[];
  /** Whether new beads get the address of their author. */
  keepsOwner: boolean;
}

export const maxTitleBytes = 500;

export function statusesOf(rules: LedgerRules): string[] {
  return [...new Set([...builtInStatuses, ...rules.customStatuses])];
}

export function typesOf(rules: LedgerRules): string[] {
  return [...new Set([...builtInTypes, ...rules.customTypes])];
}

/** Checks the fields that a change sets. Data from a file is kept unchecked. */
export function checkFields(fields: Partial<Bead>, rules: LedgerRules): void {
  if ('title' in fields) checkTitle(fields.title);
  if (
    fields.priority !== undefined &&
    !(Number.isInteger(fields.priority) && fields.priority >= 0 && fields.priority <= 4)
  ) {
    throw new UserError(`priority must be between 0 and 4 (got ${fields.priority})`);
  }
  if (fields.status !== undefined) checkStatus(fields.status, rules);
  if (fields.issue_type !== undefined) checkType(fields.issue_type, rules);
  for (const time of [fields.defer_until, fields.due_at])
    if (time !== undefined && !(typeof time === 'string' && isTime(time)))
      throw new UserError(`invalid time: ${JSON.stringify(time)}`, 'Use RFC 3339, such as 2026-01-31T09:00:00Z.');
  for (const label of fields.labels ?? []) checkLabel(label);
}

function checkTitle(title: string | undefined): void {
  if (title === undefined || title.trim() === '') throw new UserError('title is required');
  const bytes = Buffer.byteLength(title);
  if (bytes > maxTitleBytes) throw new UserError(`title must be ${maxTitleBytes} characters or less (got ${bytes})`);
}

export function checkStatus(status: string, rules: LedgerRules): void {
  const valid = statusesOf(rules);
  if (!valid.includes(status))
    throw new UserError(`invalid status: ${status || '(empty)'}`, `Valid statuses: ${valid.join(', ')}`);
}

export function checkType(type: string, rules: LedgerRules): void {
  const valid = typesOf(rules);
  if (!valid.includes(type))
    throw new UserError(`invalid issue type: ${type || '(empty)'}`, `Valid types: ${valid.join(', ')}`);
}

export function checkLabel(label: string): void {
  if (label.trim() === '') throw new UserError('label cannot be empty');
  if (Buffer.byteLength(label) > 200) throw new UserError('label must be 200 characters or less');
}

export function checkCommentText(text: string): void {
  if (text.trim() === '') throw new UserError('comment text cannot be empty');
}
