import { UserError } from '../../base/errors';
import type { BeadFilter } from '../../protocol/beadFilter';
import { moleculeTypes, wispTypes } from '../../protocol/vocabulary';
import type { CliCommand } from '../shared/command';
import { collect, defined, oneOf, parseBound, parsePriority } from './options';

const listTimes = ['created', 'updated', 'closed'] as const;
const dueTimes = ['due', 'defer'] as const;
type TimeName = (typeof listTimes)[number] | (typeof dueTimes)[number];
type TimeOption = `${TimeName}${'After' | 'Before'}`;
const timeOptions = [...listTimes, ...dueTimes].flatMap((name): TimeOption[] => [`${name}After`, `${name}Before`]);

/** Options with the same name as the field of the request that they set. */
const sameNames = [
  'type',
  'labelPattern',
  'labelRegex',
  'priority',
  'priorityMin',
  'priorityMax',
  'molType',
  'wispType',
  'emptyDescription',
  'spec',
  'overdue',
  'deferred',
  'pinned',
  'hasMetadataKey',
  'limit',
  'sort',
] as const satisfies readonly (keyof BeadFilter)[];
type SameName = (typeof sameNames)[number];

/** Options that select beads, for every command that lists, counts or exports some. */
export interface FilterOptions extends Pick<BeadFilter, SameName>, Partial<Record<TimeOption, string>> {
  status?: string[];
  state?: string[];
  assignee?: string | false;
  unassigned?: boolean;
  excludeType?: string[];
  label?: string[];
  labelAny?: string[];
  labels?: false;
  excludeLabel?: string[];
  parent?: string | false;
  filterParent?: string;
  mol?: string;
  title?: string;
  titleContains?: string;
  descContains?: string;
  notesContains?: string;
  id?: string[];
  metadataField?: [string, string][];
  rig?: string;
}

/** Adds the options of `bd list`, `bd ready`, `bd search`, `bd count` and `bd export`. */
export function withFilterOptions(command: CliCommand): CliCommand {
  return command
    .option('-a, --assignee <name>', 'assigned to this person or agent', parseAssignee)
    .option('-t, --type <types>', 'types, separated by commas', collect)
    .option('--exclude-type <types>', 'not of these types', collect)
    .option('-l, --label <labels>', 'with all of these labels', collect)
    .option('--label-any <labels>', 'with one of these labels', collect)
    .option('--exclude-label <labels>', 'with none of these labels', collect)
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('--mol-type <type>', 'swarm, patrol or work', (text: string) => oneOf(text, moleculeTypes, 'mol-type'))
    .option('--metadata-field <key=value>', 'with this value in its metadata', parseField)
    .option('--has-metadata-key <key>', 'with this key in its metadata')
    .option('--rig <name>', 'in the ledger of this rig');
}

/** Adds the conditions on texts and times. */
export function withConditionOptions(command: CliCommand): CliCommand {
  command
    .option('-s, --status <statuses>', 'statuses, separated by commas', collect)
    .option('--no-assignee', 'without an assignee')
    .option('--no-labels', 'without labels')
    .option('--priority-min <priority>', 'at least this number', parsePriority)
    .option('--priority-max <priority>', 'at most this number', parsePriority)
    .option('--title <text>', 'title contains')
    .option('--title-contains <text>', 'same as --title')
    .option('--desc-contains <text>', 'description contains')
    .option('--notes-contains <text>', 'notes contain')
    .option('--empty-description', 'without a description')
    .option('--id <ids>', 'exactly these ids', collect);
  return withTimes(command, listTimes);
}

/** Adds the conditions of lists only. */
export function withListConditions(command: CliCommand): CliCommand {
  command
    .hiddenOption('--state <statuses>', 'same as --status', collect)
    .option('--parent <id>', 'descendants of this bead')
    .option('--filter-parent <id>', 'same as --parent')
    .option('--no-parent', 'below no other bead')
    .option('--label-pattern <pattern>', 'with a label like this, such as tech-*')
    .option('--label-regex <regex>', 'with a label that matches')
    .option('--wisp-type <type>', 'wisps of this type', (text: string) => oneOf(text, wispTypes, 'wisp-type'))
    .option('--spec <prefix>', 'whose specification starts with this')
    .option('--overdue', 'past their due time')
    .option('--deferred', 'deferred')
    .option('--pinned', 'pinned')
    .option('--no-pinned', 'not pinned');
  return withTimes(command, dueTimes);
}

function withTimes(command: CliCommand, names: readonly TimeName[]): CliCommand {
  for (const name of names) {
    for (const side of ['after', 'before']) {
      const option = `--${name}-${side}`;
      command.option(`${option} <time>`, `${name} ${side} this time`, (text: string) => parseBound(text, option));
    }
  }
  return command;
}

function parseAssignee(text: string, earlier: string | false | undefined): string {
  if (earlier === false && text !== '') throw new UserError('--no-assignee cannot be combined with --assignee');
  return text;
}

/** Refuses options that no bead can meet together. */
function refuseContradictions(options: FilterOptions): void {
  if (options.labels === false && [...(options.label ?? []), ...(options.labelAny ?? [])].length > 0)
    throw new UserError('--no-labels cannot be combined with --label or --label-any');
  if (options.emptyDescription && options.descContains)
    throw new UserError('--empty-description cannot be combined with --desc-contains');
}

/** Parses `key=value`. */
export function parseField(text: string, earlier: [string, string][] = []): [string, string][] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UserError(`invalid metadata field '${text}'`, 'Use key=value.');
  return [...earlier, [text.slice(0, equals), text.slice(equals + 1)]];
}

/** The request parameters for these options. */
export function filterParams(options: FilterOptions): BeadFilter {
  refuseContradictions(options);
  const status = [...(options.status ?? []), ...(options.state ?? [])].filter((name) => name !== 'all');
  const parent = options.parent || options.filterParent || options.mol;
  return defined({
    ...Object.fromEntries([...sameNames, ...timeOptions].map((name) => [name, options[name]])),
    status: status.length > 0 ? status : undefined,
    // An empty name is not a condition, as in a script whose variable is not set.
    assignee: options.assignee || undefined,
    unassigned: options.unassigned || options.assignee === false || undefined,
    excludeTypes: options.excludeType,
    labels: options.label,
    labelsAny: options.labelAny,
    noLabels: options.labels === false || undefined,
    excludeLabels: options.excludeLabel,
    parent: parent || undefined,
    noParent: options.parent === false || undefined,
    titleContains: options.titleContains ?? options.title,
    descriptionContains: options.descContains,
    notesContains: options.notesContains,
    ids: options.id,
    metadataFields: options.metadataField,
    ledger: options.rig,
  });
}

/** Whether closed beads are wanted, too: `--status all`. */
export function wantsAll(options: FilterOptions): boolean {
  return [...(options.status ?? []), ...(options.state ?? [])].includes('all');
}
