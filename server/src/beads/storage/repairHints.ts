import { argumentText } from '../../base/text';

/** The command that repairs a ledger, ready to be copied. */
export function repairCommand(directory: string): string {
  return `bd --db ${argumentText(directory)} doctor --fix`;
}

/** What to do about a ledger whose files are damaged, as one sentence for an error. */
export function repairHint(directory: string): string {
  return `Repair it with: ${repairCommand(directory)} (it keeps each file as it was, too).`;
}
