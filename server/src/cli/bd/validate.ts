import { UserError } from '../../base/errors';
import { BeadValidate, validationOutcomes, type ValidationOutcome } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined } from './options';

interface ValidateOptions {
  type?: string;
  outcome: ValidationOutcome;
  score?: number;
  signal?: Record<string, boolean | null>;
  message?: string;
}

/** `bd validate`: records a validation of the work on a bead. */
export function addValidate(program: CliCommand, context: BdContext): void {
  program
    .command('validate <id>')
    .description('record that you have looked at the work of a bead, and what you found')
    .option('-t, --type <type>', 'kind of check, such as review, test or security')
    .option('-o, --outcome <outcome>', validationOutcomes.join(', '), parseOutcome, 'accepted')
    .option('--score <number>', 'from 0 to 1', parseScore)
    .option('-s, --signal <name=value>', 'true, false or null (not checked); can be repeated', parseSignal)
    .option('-m, --message <text>', 'what you found')
    .withHelp({
      text: 'The record says who (validated_by), what kind (validation_type), when, and the signals (quality_signals). bd show lists all of them with those of reviews and merges; bd stats counts them. It changes nothing else: work still lands by its gates and its review.',
      examples: [
        ['bd validate app-a1b2c --type security -s no_secrets=true', 'a check by hand'],
        ['bd validate app-a1b2c --outcome rejected -s tests_passed=false -m "flaky"', 'a failed validation'],
      ],
      see: ['bd show', 'bd status'],
    })
    .action(async (id: string, options: ValidateOptions, invocation: Invocation) => {
      const bead = await context.call(invocation, BeadValidate.spec, {
        id,
        outcome: options.outcome,
        ...defined({ type: options.type, score: options.score, signals: options.signal, message: options.message }),
      });
      context.print(
        invocation,
        bead,
        () => `${context.paint('green', '✓')} Recorded for ${bead.id}: ${options.outcome}`,
      );
    });
}

function parseOutcome(text: string): ValidationOutcome {
  const outcome = validationOutcomes.find((name) => name === text);
  if (!outcome) throw new UserError(`invalid outcome: ${text}`, `Valid: ${validationOutcomes.join(', ')}`);
  return outcome;
}

function parseScore(text: string): number {
  const score = /^(?:0|1|0?\.\d+|[01]\.\d*)$/.test(text) ? Number(text) : NaN;
  if (!(score >= 0 && score <= 1)) throw new UserError(`the score must be from 0 to 1 (got ${text})`);
  return score;
}

const values: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

function parseSignal(text: string, earlier: Record<string, boolean | null> = {}): Record<string, boolean | null> {
  const [, name, value] = /^([a-z][\w.-]*)=(true|false|null)$/i.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UserError(`invalid signal ${JSON.stringify(text)}`, 'Use name=true, name=false or name=null.');
  return { ...earlier, [name]: values[value.toLowerCase()] ?? null };
}
