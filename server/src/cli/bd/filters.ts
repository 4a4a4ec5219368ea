import type { CliCommand } from '../shared/command';
import { collect, defined, parsePriority } from './options';

/** Options of `bd list` and `bd ready` that select beads. */
export interface FilterOptions {
  assignee?: string | false;
  unassigned?: boolean;
  type?: string[];
  label?: string[];
  labelAny?: string[];
  priority?: number;
  parent?: string;
  filterParent?: string;
  mol?: string;
  rig?: string;
  limit?: number;
  sort?: string;
}

export function withFilterOptions(command: CliCommand): CliCommand {
  return command
    .option('-a, --assignee <name>', 'assigned to; empty for nobody')
    .option('-t, --type <types>', 'types, separated by commas', collect)
    .option('-l, --label <labels>', 'with all of these labels', collect)
    .option('--label-any <labels>', 'with one of these labels', collect)
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('--parent <id>', 'descendants of this bead')
    .option('--rig <name>', 'in the ledger of this rig')
    .option('--sort <order>', 'order');
}

export function filterParams(options: FilterOptions) {
  return defined({
    assignee: options.assignee === false ? undefined : options.assignee,
    unassigned: options.unassigned || options.assignee === false || undefined,
    type: options.type,
    labels: options.label,
    labelsAny: options.labelAny,
    priority: options.priority,
    parent: options.parent ?? options.filterParent ?? options.mol,
    ledger: options.rig,
    limit: options.limit,
    sort: options.sort,
  });
}
