import { plural } from '../../base/text';
import { sameContent } from '../../beads/model/similarity';
import { isExternal } from '../../beads/external/reference';
import { BeadList, type Bead, type BeadListItem, type Dependency } from '../../protocol/bead';
import { LedgerInfoGet } from '../../protocol/ledger';
import { dependencyCycles } from './depCycles';
import { oneLine } from '../shared/output';
import type { Backend } from './localBackend';
import { staleMolecules } from './moleculeLists';

/** Checks of the content of a ledger, for `bd doctor`, `bd graph check` and `bd preflight`. */

/** One line of the report; the fields are those of the Go `bd`. */
export interface Check {
  name: string;
  status: 'ok' | 'warning' | 'error';
  message: string;
  /** What was found, one item a line. */
  detail?: string;
  /** What to do. */
  fix?: string;
  category: 'Core System' | 'Git Integration' | 'Data & Config' | 'Metadata' | 'Maintenance' | 'Performance';
}

/** The content of a ledger. */
export interface Content {
  /** All beads without tombstones. */
  beads: readonly BeadListItem[];
  /** Prefix of the ids of the ledger, without a hyphen at its end. */
  prefix: string;
  now: Date;
}

export async function contentOf(backend: Backend): Promise<Content> {
  const { prefix } = await backend.call(LedgerInfoGet.spec, {});
  const beads = await backend.call(BeadList.spec, { all: true, limit: 0 });
  return { beads, prefix: prefix.replace(/-+$/, ''), now: new Date() };
}

const MAX_DETAILS = 20;
const DAY_MS = 86_400_000;
const OLD_DAYS = 30;
/** Titles that scripts and tests give to the beads that they create. */
const testTitle = /^(?:test|benchmark|sample|tmp|temp|debug|dummy)(?:[-_:\s]|\d|$)/i;

/** A check that lists what it found: a warning if there is anything. */
function listed(
  category: Check['category'],
  name: string,
  found: readonly string[],
  words: { none: string; some: readonly [one: string, many: string]; fix: string },
): Check {
  if (found.length === 0) return { name, category, status: 'ok', message: words.none };
  const rest = found.length > MAX_DETAILS ? [`… and ${found.length - MAX_DETAILS} more`] : [];
  const detail = [...found.slice(0, MAX_DETAILS), ...rest].join('\n');
  return { name, category, status: 'warning', message: plural(found.length, ...words.some), detail, fix: words.fix };
}

/** Dependencies on beads of this ledger that do not exist. */
export function orphanedDependencies({ beads, prefix }: Content): Dependency[] {
  const known = new Set(beads.map((bead) => bead.id));
  return edgesOf(beads).filter(
    ({ depends_on_id: target }) => !known.has(target) && !isExternal(target) && target.startsWith(`${prefix}-`),
  );
}

/** Dependencies of children on their own parents: neither can be closed before the other one. */
export function childrenThatWait({ beads }: Content): Dependency[] {
  return beads.flatMap((bead) => {
    const edges: readonly Dependency[] = bead.dependencies ?? [];
    const parents = new Set(edges.filter((edge) => edge.type === 'parent-child').map((edge) => edge.depends_on_id));
    return edges.filter((edge) => edge.type === 'blocks' && parents.has(edge.depends_on_id));
  });
}

/** Whether the title looks like that of a bead that a test created. */
export function isTestTitle(title: string): boolean {
  return testTitle.test(title);
}

/** Beads that look as if a test created them. */
export function testBeads({ beads }: Content): Bead[] {
  return beads.filter((bead) => isTestTitle(bead.title));
}

function edgesOf(beads: readonly Bead[]): Dependency[] {
  return beads.flatMap((bead): readonly Dependency[] => bead.dependencies ?? []);
}

const arrow = (edge: Dependency): string => `${edge.issue_id} → ${edge.depends_on_id} (${edge.type})`;

export function orphanCheck(content: Content): Check {
  return listed('Metadata', 'Orphaned Dependencies', orphanedDependencies(content).map(arrow), {
    none: 'All dependencies lead to beads that exist',
    some: ['dependency on a bead that does not exist', 'dependencies on beads that do not exist'],
    fix: 'bd doctor --fix removes them',
  });
}

export function childParentCheck(content: Content): Check {
  return listed('Metadata', 'Child-Parent Dependencies', childrenThatWait(content).map(arrow), {
    none: 'No child waits for its parent',
    some: ['child waits for its own parent', 'children wait for their own parents'],
    fix: 'bd doctor --fix --fix-child-parent removes these dependencies',
  });
}

export function cycleCheck({ beads }: Content): Check {
  const cycles = dependencyCycles(beads).map((cycle) => [...cycle, cycle[0]!].map((bead) => bead.id).join(' → '));
  return listed('Metadata', 'Dependency Cycles', cycles, {
    none: 'No beads wait for each other',
    some: ['dependency cycle', 'dependency cycles'],
    fix: 'bd dep remove one dependency of each cycle',
  });
}

export function duplicateCheck({ beads }: Content): Check {
  const groups = sameContent(beads.filter((bead) => bead.status !== 'closed'));
  return listed(
    'Data & Config',
    'Duplicate Issues',
    groups.map((group) => group.map((bead) => bead.id).join(', ')),
    {
      none: 'No two open beads have the same content',
      some: ['group of beads with the same content', 'groups of beads with the same content'],
      fix: 'bd duplicates shows them, --auto-merge merges them',
    },
  );
}

export function pollutionCheck(content: Content): Check {
  return listed(
    'Data & Config',
    'Test Pollution',
    testBeads(content).map((bead) => `${bead.id}: ${bead.title}`),
    {
      none: 'No bead looks like one of a test',
      some: ['bead that looks like one of a test', 'beads that look like those of a test'],
      fix: 'bd doctor --check pollution --clean deletes them',
    },
  );
}

/** Beads of the form `parent.1` whose parent does not exist. */
function parentCheck({ beads }: Content): Check {
  const known = new Set(beads.map((bead) => bead.id));
  const lost = beads.filter((bead) => {
    const parent = /^(.+)\.\d+$/.exec(bead.id)?.[1];
    return parent !== undefined && !known.has(parent);
  });
  return listed(
    'Metadata',
    'Parent Consistency',
    lost.map((bead) => bead.id),
    {
      none: 'Every child has its parent',
      some: ['bead whose parent does not exist', 'beads whose parents do not exist'],
      fix: 'bd update <id> --parent "" if they stand alone',
    },
  );
}

function epicCheck({ beads }: Content): Check {
  const rows = staleMolecules(beads.filter((bead) => bead.issue_type !== 'molecule'));
  return listed(
    'Maintenance',
    'Epic Completeness',
    rows.map((row) => `${row.id}: ${row.title}`),
    {
      none: 'No open epic has closed children only',
      some: ['epic whose children are all closed', 'epics whose children are all closed'],
      fix: 'bd epic close-eligible',
    },
  );
}

function moleculeCheck({ beads }: Content): Check {
  const rows = staleMolecules(beads.filter((bead) => bead.issue_type !== 'epic'));
  return listed(
    'Maintenance',
    'Stale Molecules',
    rows.map((row) => `${row.id}: ${row.title}`),
    {
      none: 'No open molecule has closed steps only',
      some: ['molecule whose steps are all closed', 'molecules whose steps are all closed'],
      fix: 'bd mol squash or bd close',
    },
  );
}

function oldClosedCheck({ beads, now }: Content): Check {
  const before = now.getTime() - OLD_DAYS * DAY_MS;
  const old = beads.filter(
    (bead) => bead.status === 'closed' && Date.parse(bead.closed_at ?? bead.updated_at) < before,
  );
  return {
    name: 'Stale Closed Issues',
    category: 'Maintenance',
    status: 'ok',
    message:
      old.length === 0
        ? `Nothing was closed more than ${OLD_DAYS} days ago`
        : `${plural(old.length, 'closed bead')} older than ${OLD_DAYS} days; bd admin cleanup --older-than ${OLD_DAYS} deletes them`,
  };
}

/** The checks of `bd doctor`. @param deep also those that look at whole trees */
export function contentChecks(content: Content, deep: boolean): Check[] {
  return [
    orphanCheck(content),
    childParentCheck(content),
    cycleCheck(content),
    duplicateCheck(content),
    pollutionCheck(content),
    moleculeCheck(content),
    oldClosedCheck(content),
    ...(deep ? [parentCheck(content), epicCheck(content)] : []),
  ];
}

/** Lines of the report: problems with what was found; with `verbose` also what is right. */
export function checkLines(checks: readonly Check[], verbose: boolean): string[] {
  const marks = { ok: '✓', warning: '⚠', error: '✗' };
  return checks
    .filter((check) => verbose || check.status !== 'ok')
    .flatMap((check) => [
      `${marks[check.status]} ${check.name}: ${oneLine(check.message)}`,
      ...(check.detail?.split('\n').map((line) => `    ${oneLine(line)}`) ?? []),
      ...(check.fix === undefined ? [] : [`    Fix: ${check.fix}`]),
    ]);
}
