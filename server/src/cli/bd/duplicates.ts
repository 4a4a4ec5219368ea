import { UserError } from '../../base/errors';
import { sameContent, similarPairs } from '../../beads/model/similarity';
import { BeadClose, BeadList, type BeadListItem } from '../../protocol/bead';
import { DependencyAdd } from '../../protocol/dependency';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { oneOf, parseLimit } from './options';

/** `bd duplicates` (the same content) and `bd find-duplicates` (similar texts). */

interface Group {
  title: string;
  issues: {
    id: string;
    title: string;
    status: string;
    priority: number;
    references: number;
    dependents: number;
    dependencies: number;
    weight: number;
    is_merge_target: boolean;
  }[];
  suggested_target: string;
  suggested_sources: string[];
  suggested_action: string;
  note: string;
}

export function addDuplicates(program: CliCommand, context: BdContext): void {
  program
    .command('duplicates')
    .description('find open beads with the same content')
    .option('--auto-merge', 'close all but one of each group and link them')
    .option('--dry-run', 'only show')
    .withHelp({
      examples: [['bd duplicates', 'with what to do about them']],
      see: ['bd duplicate', 'bd find-duplicates'],
    })
    .action(async (options: { autoMerge?: boolean; dryRun?: boolean }, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const beads = await backend.call(BeadList.spec, { limit: 0, sort: 'created' });
        const groups = sameContent(beads).map((group) => groupOf(group, beads));
        const merges = options.autoMerge && !options.dryRun;
        const results = merges ? await merge(backend, groups) : undefined;
        const commands = groups.map((group) => `# ${group.note}\n# Suggested action: ${group.suggested_action}`);
        const value = {
          duplicate_groups: groups.length,
          groups,
          ...(options.autoMerge || options.dryRun ? { merge_commands: commands } : {}),
          ...(results ? { merge_results: results } : {}),
        };
        context.print(invocation, value, () => lines(groups, results !== undefined));
      }),
    );
}

function groupOf(beads: readonly BeadListItem[], all: readonly BeadListItem[]): Group {
  const rows = beads.map((bead) => ({
    id: bead.id,
    title: bead.title,
    status: bead.status,
    priority: bead.priority,
    references: all.filter((other) => other.id !== bead.id && (other.description ?? '').includes(bead.id)).length,
    dependents: bead.dependent_count,
    dependencies: bead.dependency_count,
    weight: bead.dependent_count * 3 + bead.dependency_count,
    is_merge_target: false,
  }));
  // The bead with dependents is kept; among equals the oldest one.
  const target = rows.reduce((best, row) => (row.weight >= best.weight ? row : best), rows[0]!);
  target.is_merge_target = true;
  const sources = rows.filter((row) => row !== target).map((row) => row.id);
  const action = sources.map((id) => `bd close ${id} && bd dep add ${id} ${target.id} --type related`).join(' && ');
  return {
    title: rows[0]!.title,
    issues: rows,
    suggested_target: target.id,
    suggested_sources: sources,
    suggested_action: action,
    note: `Duplicate: ${sources.join(', ')} (same content as ${target.id})`,
  };
}

async function merge(backend: Backend, groups: readonly Group[]) {
  const results = [];
  for (const { suggested_sources: sources, suggested_target: target } of groups) {
    for (const id of sources) await backend.call(DependencyAdd.spec, { from: id, to: target, type: 'related' });
    const { closed, errors } = await backend.call(BeadClose.spec, { ids: sources, reason: `Duplicate of ${target}` });
    results.push({
      closed: closed.map((bead) => bead.id),
      linked: sources,
      errors: errors.map(({ message }) => message),
    });
  }
  return results;
}

function lines(groups: readonly Group[], isMerged: boolean): string[] {
  if (groups.length === 0) return ['No duplicates found!'];
  return [
    `🔍 Found ${groups.length} duplicate group(s):`,
    '',
    ...groups.flatMap((group, index) => [
      `━━ Group ${index + 1}: ${oneLine(group.title)}`,
      ...group.issues.map(
        (row) =>
          `${row.is_merge_target ? '→' : ' '} ${row.id} (${oneLine(row.status)}, P${row.priority}, weight=${row.weight}, ${row.references} refs)`,
      ),
      `  Note: ${group.note}`,
      `  Suggested: ${group.suggested_action}`,
      '',
    ]),
    isMerged ? `✓ Merged ${groups.length} group(s)` : '💡 Run with --auto-merge to execute all suggested merges',
  ];
}

const DEFAULT_THRESHOLD = 0.5;
const DEFAULT_LIMIT = 50;
/** Comparing all pairs takes quadratic time. */
const MAX_COMPARED = 2000;

function parseMethod(text: string): string {
  if (text === 'ai')
    throw new UserError(
      '--method ai is not here: this program asks no service',
      'Use --method mechanical.',
      'unavailable',
    );
  return oneOf(text, ['mechanical', 'ai'], 'method');
}

export function addFindDuplicates(program: CliCommand, context: BdContext): void {
  program
    .command('find-duplicates')
    .description('find open beads with similar texts')
    .option('--method <method>', 'mechanical, the only one: no service is asked', parseMethod)
    .option('--threshold <share>', 'how similar, from 0 to 1', parseShare, DEFAULT_THRESHOLD)
    .option('-n, --limit <count>', 'maximum number of pairs; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('-s, --status <status>', 'only with this status')
    .withHelp({ examples: [['bd find-duplicates --threshold 0.8', 'nearly the same']], see: ['bd duplicates'] })
    .action(async (options: { threshold: number; limit: number; status?: string }, invocation: Invocation) => {
      const status = options.status === undefined ? {} : { status: [options.status] };
      const beads = await context.call(invocation, BeadList.spec, { limit: MAX_COMPARED, sort: 'created', ...status });
      const found = similarPairs(beads, options.threshold);
      const pairs = options.limit > 0 ? found.slice(0, options.limit) : found;
      const rows = pairs.map(({ a, b, similarity }) => ({
        issue_a_id: a.id,
        issue_a_title: a.title,
        issue_b_id: b.id,
        issue_b_title: b.title,
        similarity,
        method: 'mechanical',
      }));
      const how = rows.length > 0 ? { method: 'mechanical', threshold: options.threshold } : {};
      const value = { pairs: rows, count: rows.length, ...how };
      context.print(invocation, value, () =>
        rows.length === 0
          ? `No similar issues found (threshold: ${percent(options.threshold)})`
          : [
              `🔍 Found ${rows.length} potential duplicate pair(s) (threshold: ${percent(options.threshold)}):`,
              '',
              ...rows.flatMap((row, index) => [
                `━━ Pair ${index + 1} (${percent(row.similarity)} similar):`,
                `  ${row.issue_a_id} ${oneLine(row.issue_a_title)}`,
                `  ${row.issue_b_id} ${oneLine(row.issue_b_title)}`,
                `  Compare: bd show ${row.issue_a_id} ${row.issue_b_id}`,
                '',
              ]),
            ],
      );
    });
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function parseShare(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share <= 1)) throw new UserError(`threshold must be between 0 and 1 (got ${text})`);
  return share;
}
