import path from 'node:path';
import { UserError } from '../../base/errors';
import type { Lease } from '../../base/lease';
import { writeNamed } from '../../base/safeFiles';
import { canonicalPath, isPresent } from '../../base/safePaths';
import { plural } from '../../base/text';
import type { Diagnosis } from '../../beads/storage/repair';
import { findLedger, isLedger } from '../../beads/storage/locate';
import { BeadDelete } from '../../protocol/bead';
import { DependencyRemove } from '../../protocol/dependency';
import { LedgerInfoGet } from '../../protocol/ledger';
import { VERSION } from '../../protocol/transport/version';
import type { CliCommand, Invocation } from '../shared/command';
import { townOfDirectory } from '../shared/findTown';
import type { BdContext, GlobalOptions } from './context';
import {
  checkLines,
  childrenThatWait,
  contentChecks,
  contentOf,
  cycleCheck,
  duplicateCheck,
  orphanCheck,
  orphanedDependencies,
  pollutionCheck,
  testBeads,
  type Check,
  type Content,
} from './doctorChecks';
import { namedLedger } from './openBackend';
import { oneOf } from './options';
import { setupChecks, type SetupCheck } from './setupChecks';

const checkNames = ['pollution', 'validate'] as const;

/** Longest time that another `bd` command holds the ledger. */
const LOCK_MS = 10_000;

/** The fields from `path` on are those of the Go `bd`. */
interface Report extends Diagnosis {
  directory: string;
  path: string;
  checks: Check[];
  overall_ok: boolean;
  cli_version: string;
  timestamp: string;
  platform: string;
  fixed: boolean;
  /** If the folder was missing: whether its beads were restored, or an empty one was created. */
  made?: 'restored' | 'empty';
}

interface DoctorOptions {
  fix?: boolean;
  yes?: boolean;
  interactive?: boolean;
  dryRun?: boolean;
  verbose?: boolean;
  deep?: boolean;
  perf?: boolean;
  check?: (typeof checkNames)[number];
  clean?: boolean;
  output?: string;
  fixChildParent?: boolean;
}

export function addDoctor(program: CliCommand, context: BdContext): void {
  program
    .command('doctor')
    .description('look for damage in the files of the ledger, and repair it with --fix')
    .argument('[path]', 'a folder with a ledger (default: the nearest one)')
    .option('--fix', 'repair the findings; each original file is kept under another name')
    .option('-y, --yes', 'do not ask')
    .option('-i, --interactive', 'with --fix: ask before each repair')
    .option('--dry-run', 'with --fix: only show what would be repaired')
    .option('-v, --verbose', 'also show the checks that found nothing')
    .option('--deep', 'also look at whole trees of beads')
    .option('--perf', 'also measure how long the ledger takes to answer')
    .option('--check <check>', `only this one: ${checkNames.join(', ')}`, (text) => oneOf(text, checkNames, 'check'))
    .option('--clean', 'with --check pollution: delete the beads, after asking')
    .option('-o, --output <file>', 'write the report to this file too, as JSON')
    .option('--fix-child-parent', 'with --fix: also remove dependencies of children on their own parents')
    .hiddenOption('--force', 'accepted: damage never prevents a repair')
    .hiddenOption('--source <source>', 'accepted: issues.jsonl is the source')
    .withHelp({
      text: "It finds git's conflict markers, lines that are not beads, beads with several lines, and broken lines of the journal; then it checks dependencies, duplicates, hooks and the merge driver. Damage is an error, everything else a warning. It works on the files of the nearest .beads folder, or of the one that --db names, also inside a town. A ledger of a town whose folder is gone is recreated, from the repository of its rig if that contains it.",
      examples: [
        ['bd doctor', 'show the findings'],
        ['bd doctor --fix', 'repair it'],
        ['bd doctor --check pollution --clean', 'delete beads that look like those of a test'],
      ],
      exits: { 1: 'something is damaged and was not repaired' },
      see: ['bd init', 'bd import', 'bd graph check'],
    })
    .action(async (folder: string | undefined, options: DoctorOptions, invocation: Invocation) => {
      refuseWrongOptions(options, context);
      const given = folder === undefined ? invocation : inLedgerOf(folder, invocation, context);
      const report = await examine(given, options, context);
      if (!report.overall_ok) context.exitCode = 1;
      if (options.output !== undefined)
        writeNamed(path.resolve(context.process.cwd, options.output), `${JSON.stringify(report, null, 2)}\n`);
      // The program has an option of this name too, by which it is parsed.
      const { verbose = false } = invocation.options as DoctorOptions;
      context.print(invocation, report, () => lines(report, verbose));
    });
}

function refuseWrongOptions(options: DoctorOptions, context: BdContext): void {
  const changes = (options.fix && !options.dryRun) || options.clean;
  if (changes && context.process.env.GT_SESSION_TOKEN)
    throw new UserError('only a person may repair a ledger', 'report the problem to a person: gt escalate', 'refused');
  if (options.clean && options.check !== 'pollution')
    throw new UserError('--clean goes with --check pollution only', 'bd doctor --check pollution --clean');
  for (const name of ['interactive', 'dryRun', 'fixChildParent'] as const)
    if (options[name] && !options.fix && !(name === 'dryRun' && options.clean))
      throw new UserError(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)} goes with --fix only`);
}

/** The same invocation for the ledger of this folder. @throws UserError if there is no such folder */
function inLedgerOf(folder: string, invocation: Invocation, { process }: BdContext): Invocation {
  const db = path.resolve(process.cwd, folder);
  if (!isPresent(db)) throw new UserError(`there is no folder ${folder}`, 'bd doctor <folder>', 'not-found');
  return { ...invocation, options: { ...invocation.options, db } };
}

async function examine(invocation: Invocation, options: DoctorOptions, context: BdContext): Promise<Report> {
  const { cwd, env } = context.process;
  const { db } = invocation.options as GlobalOptions;
  const fix = options.fix === true && !options.dryRun;
  const made = fix && db !== undefined ? await restore(path.resolve(cwd, db)) : undefined;
  const directory = namedLedger({ cwd, env, db }) ?? findLedger(cwd);
  if (directory === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  const started = performance.now();
  const diagnosis = await diagnoseFiles(directory, fix);
  const files = filesCheck(diagnosis, fix);
  // What is damaged cannot be read, so its content is checked after the repair only.
  // A repair has ended the server of the ledger; none is started just to check the result.
  const there: Invocation = {
    ...invocation,
    options: { ...invocation.options, db: directory, ...(fix ? { daemon: false } : {}) },
  };
  const checks =
    files.status === 'error' ? [files] : [files, ...(await otherChecks(there, context, { directory, options, fix }))];
  if (options.perf) checks.push(timeCheck(performance.now() - started));
  return {
    directory,
    fixed: fix,
    ...(made ? { made } : {}),
    ...diagnosis,
    path: path.dirname(directory),
    checks,
    overall_ok: checks.every((check) => check.status !== 'error'),
    cli_version: VERSION,
    timestamp: new Date().toISOString(),
    platform: `${process.platform}/${process.arch}`,
  };
}

async function diagnoseFiles(directory: string, fix: boolean): Promise<Diagnosis> {
  const [{ diagnose }, { realFs }] = await Promise.all([
    import('../../beads/storage/repair'),
    import('../../beads/storage/ledgerFs'),
  ]);
  // In a town the server merges in changes of the files; outside of a town no other command may write meanwhile.
  const lease = fix && townOfDirectory(directory, {}) === undefined ? await lockForRepair(directory) : undefined;
  try {
    return await diagnose(realFs, directory, fix);
  } finally {
    lease?.release();
  }
}

function filesCheck({ findings }: Diagnosis, fixed: boolean): Check {
  const isOk = findings.length === 0 || fixed;
  return {
    name: 'JSONL Integrity',
    category: 'Core System',
    status: isOk ? 'ok' : 'error',
    message:
      findings.length === 0
        ? 'All lines can be read'
        : `${plural(findings.length, 'line')} ${fixed ? 'repaired' : 'damaged'}`,
    ...(findings.length === 0
      ? {}
      : { detail: findings.map(({ file, line, problem }) => `${file}:${line}: ${problem}`).join('\n') }),
    ...(isOk ? {} : { fix: 'bd doctor --fix' }),
  };
}

function timeCheck(ms: number): Check {
  const message = `Files and content were checked in ${Math.round(ms)} ms`;
  return { name: 'Read Time', category: 'Performance', status: 'ok', message };
}

interface CheckRun {
  directory: string;
  options: DoctorOptions;
  fix: boolean;
}

/** The checks of content and of the set-up of the clone, after their repair if that was requested. */
async function otherChecks(invocation: Invocation, context: BdContext, run: CheckRun): Promise<Check[]> {
  const { directory, options, fix } = run;
  const info = await context.call(invocation, LedgerInfoGet.spec, {});
  const read = (): Promise<Content> => context.withLedger(invocation, (backend) => contentOf(backend));
  const content = await read();
  if (options.check === 'pollution') return [await pollution(content, invocation, context, options)];
  if (options.check === 'validate')
    return [duplicateCheck(content), orphanCheck(content), pollutionCheck(content), cycleCheck(content)];
  const setup = await setupChecks(directory, info.settings);
  if (!options.fix) return [...contentChecks(content, options.deep === true), ...setup.map(withoutRepair)];
  const repairs = [
    ...edgeRepairs(content, invocation, context, options),
    ...setup.flatMap(({ name, repair }) => (repair === undefined ? [] : [{ name, repair }])),
  ];
  if (!fix) for (const { name } of repairs) context.note(`Would repair: ${name}`);
  else
    for (const { name, repair } of repairs)
      if (!options.interactive || options.yes || context.confirms(`Repair: ${name}?`)) await repair();
  const after = fix ? await setupChecks(directory, info.settings) : setup;
  return [...contentChecks(fix ? await read() : content, options.deep === true), ...after.map(withoutRepair)];
}

function withoutRepair({ repair: _repair, ...check }: SetupCheck): Check {
  return check;
}

interface Repair {
  name: string;
  repair: () => Promise<void>;
}

function edgeRepairs(content: Content, invocation: Invocation, context: BdContext, options: DoctorOptions): Repair[] {
  const edges = [...orphanedDependencies(content), ...(options.fixChildParent ? childrenThatWait(content) : [])];
  return edges.map((edge) => ({
    name: `dependency ${edge.issue_id} → ${edge.depends_on_id}`,
    repair: async () => {
      const params = { from: edge.issue_id, to: edge.depends_on_id, type: edge.type };
      await context.call(invocation, DependencyRemove.spec, params);
    },
  }));
}

async function pollution(
  content: Content,
  invocation: Invocation,
  context: BdContext,
  options: DoctorOptions,
): Promise<Check> {
  const check = pollutionCheck(content);
  const ids = testBeads(content).map((bead) => bead.id);
  const isJson = (invocation.options as GlobalOptions).json === true;
  if (!options.clean || ids.length === 0 || options.dryRun) return check;
  if (!options.yes && (isJson || !context.confirms(`Delete ${plural(ids.length, 'bead')}: ${ids.join(', ')}?`)))
    return check;
  await context.call(invocation, BeadDelete.spec, { ids, reason: 'created by a test' });
  return { ...check, status: 'ok', message: `Deleted ${plural(ids.length, 'bead')}`, detail: ids.join('\n') };
}

/** Takes the lock; a server of the ledger releases it. If the folder is not writable, the repair reports that. */
async function lockForRepair(directory: string): Promise<Lease | undefined> {
  const { lockLedger } = await import('../../ledgerServer/lockLedger');
  return lockLedger(directory, LOCK_MS);
}

async function restore(given: string): Promise<Report['made']> {
  const directory = canonicalPath(given);
  const town = isLedger(directory) ? undefined : townOfDirectory(path.dirname(directory), {});
  if (town === undefined) return undefined;
  const { restoreLedger } = await import('../../town/restoreLedger');
  const done = await restoreLedger(town, directory);
  return done && (done.restored ? 'restored' : 'empty');
}

function lines({ directory, findings, kept, fixed, made, checks }: Report, verbose: boolean): string[] {
  const others = checks.filter((check) => check.name !== 'JSONL Integrity');
  const found = others.filter((check) => check.status !== 'ok').length;
  const last = made
    ? `✓ Recreated ${directory}${made === 'restored' ? ", as the rig's repository had it" : ': it is empty'}`
    : findings.length === 0
      ? `✓ Nothing is ${found === 0 ? 'wrong' : 'damaged'} in ${directory}`
      : fixed
        ? `✓ Repaired ${plural(findings.length, 'line')}; the files as they were: ${kept.join(', ')}`
        : `${plural(findings.length, 'line')} to repair in ${directory}: run "bd doctor --fix"`;
  return [
    ...findings.map(({ file, line, problem, remedy }) => `${file}:${line}: ${problem}: ${remedy}`),
    ...checkLines(others, verbose),
    last,
  ];
}
