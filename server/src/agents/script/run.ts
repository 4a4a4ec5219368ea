import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { PRIVATE_FILE, removeFile, writeFileAtomic } from '../../base/safeFiles';
import { UserError, hasCode, messageOf } from '../../base/errors';
import { adminFolder, operationIn, type Operation } from '../../git/adminFolder';
import { keepSettings } from '../../git/foreignConfig';
import type { Caller } from '../../protocol/request';
import { MoleculeGet, StepClose, type MoleculeInfo, type MoleculeStep } from '../../protocol/formula';
import { Done, Hook, ScriptGet, type FrozenScript } from '../../protocol/town';
import { patiently, patientReader, realPause, type Pause } from './patience';
import { hasBegunSteps, readProgress, writeProgress } from './progress';

export interface ScriptOptions {
  /** By default the current folder: a session starts in its worktree. */
  worktree?: string;
  env?: NodeJS.ProcessEnv;
  /** Variables of the molecule; they reach the blocks as `$GT_VAR_<name>`, never as text. */
  variables?: Record<string, string>;
  /** Prints messages; the blocks themselves inherit the terminal. */
  print?: (text: string) => void;
  /** For tests: gets the blocks' output instead of the terminal. */
  onOutput?: (text: string) => void;
  /** For tests: waits before a request is repeated. */
  pause?: Pause;
}

/**
 * The `script` runtime: runs the frozen blocks of the bead on the caller's hook, commits what they changed and reports
 * the work as done. After a kill, the next session continues with the interrupted block.
 * @returns the exit code: 0, that of the block that failed (128 + n for signal n), or 1
 */
export async function runScript(caller: Caller, options: ScriptOptions = {}): Promise<number> {
  const print = options.print ?? ((text: string) => void process.stdout.write(`${text}\n`));
  const pause = options.pause ?? realPause;
  const town = patientReader(caller, pause);
  try {
    return await run(town, await town.call(ScriptGet.spec, {}), { ...options, print, pause });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    print(`✗ ${error.message}${error.hint ? `\n  ${error.hint}` : ''}`);
    return 1;
  }
}

type Running = ScriptOptions & { print: (text: string) => void; pause: Pause };

async function run(town: Caller, script: FrozenScript, options: Running): Promise<number> {
  const { print } = options;
  const worktree = options.worktree ?? process.cwd();
  // Next to the worktree, so that none of our files ends up in a repository.
  const home = script.submits === false ? worktree : path.dirname(worktree);
  const progress = path.join(home, 'progress.json');
  const total = script.blocks.length;
  const finished = Math.min(readProgress(progress, script.bead, script.attempt), total);
  print(
    `${script.bead}: ${oneLine(script.title)} (attempt ${script.attempt}, ${total} ${total === 1 ? 'block' : 'blocks'})`,
  );
  if (finished > 0 && !script.steps) print(`↻ going on after block ${finished}`);

  const operation = script.submits === false ? undefined : operationOf(worktree);
  if (operation !== undefined) {
    print(`↻ giving up the ${operation} that was in progress`);
    await (await import('./workspace')).abortOperation(worktree, operation);
  }
  const run: Run = { town, script, options, worktree, home, progress };
  if (script.submits !== false) trustSettings(worktree);
  const ended = script.steps
    ? await runSteps(run, script.steps)
    : await runBlocks(run, { start: 0, end: total, finished });
  if (ended !== undefined) return ended;
  if (script.submits === false) {
    print(`✓ ${script.bead} has run`);
    return 0;
  }
  const env = options.env ?? process.env;
  if (!(await isClean(worktree, env))) {
    const message = `${oneLine(script.title) || script.bead}\n\nBead: ${script.bead}`;
    await (await import('./workspace')).commitRest(worktree, message, { env, print });
  }
  return submit(run);
}

const STATUS = ['status', '--porcelain', '--untracked-files=all', '--ignore-submodules=none', '--no-renames'];

/**
 * Whether git reports no change. Git is started directly, because loading the library for it takes longer than most
 * blocks. A failure counts as a change: `commitRest` then reports it.
 */
function isClean(worktree: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('git', STATUS, {
      cwd: worktree,
      env: { ...env, GIT_OPTIONAL_LOCKS: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    });
    let isEmpty = true;
    child.stdout.on('data', () => (isEmpty = false));
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0 && isEmpty));
  });
}

/**
 * The worktree belongs to the rig's repository, so its settings, including filters, are those that a person has
 * accepted.
 */
function trustSettings(worktree: string): void {
  const admin = adminFolder(worktree);
  const repository = admin === undefined ? undefined : path.dirname(path.dirname(admin));
  if (repository !== undefined && path.basename(repository) === '.repo.git') keepSettings(repository, () => undefined);
}

function operationOf(worktree: string): Operation | undefined {
  const admin = adminFolder(worktree);
  return admin === undefined ? undefined : operationIn(admin);
}

/** One run of the script of a bead. */
interface Run {
  town: Caller;
  script: FrozenScript;
  options: Running;
  worktree: string;
  /** Folder for our files, next to the worktree. */
  home: string;
  /** Record of the finished blocks. */
  progress: string;
}

interface BlockRange {
  start: number;
  /** Index after the last block to run. */
  end: number;
  /** Index of the first block to run. */
  finished: number;
  /** Id of the step of these blocks. */
  step?: string;
}

/** @returns the exit code if the run is over: a block failed, or has ended the work itself (`gt done --status`) */
async function runBlocks(run: Run, { start, end, finished, step }: BlockRange): Promise<number | undefined> {
  const { town, script, options, worktree, home, progress } = run;
  const total = script.blocks.length;
  for (let index = Math.max(start, finished); index < end; index++) {
    const text = script.blocks[index] ?? '';
    options.print(`▶ block ${index + 1} of ${total}: ${firstLine(text)}`);
    const file = path.join(home, `block-${index + 1}.sh`);
    const code = await runBlock(file, text, script, worktree, options, await currentStep(town, script));
    if (code !== 0) {
      options.print(`✗ block ${index + 1} of ${total} failed with exit code ${code}`);
      return code;
    }
    // Before anything that may fail: a block that has run must not run again.
    writeProgress(progress, { bead: script.bead, attempt: script.attempt, done: index + 1, step });
    if (await hasEnded(run)) {
      options.print(`✓ block ${index + 1} of ${total} has ended the work on ${script.bead}`);
      return 0;
    }
  }
  return undefined;
}

/** Whether a block has run `gt done` itself: then nothing is left to run or to submit. */
async function hasEnded({ town, script }: Run): Promise<boolean> {
  if (script.submits === false) return false;
  const { bead, paused } = await town.call(Hook.spec, {});
  return bead?.id !== script.bead || paused !== undefined;
}

/**
 * Runs the steps in the order in which they become ready; a step without a block is done by a person or another agent.
 * If the work was sent back, all steps are done, and their blocks run once more.
 */
async function runSteps(run: Run, plan: NonNullable<FrozenScript['steps']>): Promise<number | undefined> {
  const { script, progress } = run;
  const end = script.blocks.length;
  const { steps = [] } = (await moleculeOf(run)) ?? {};
  if (steps.every(({ status }) => status === 'done') && !hasBegunSteps(progress, script.bead, script.attempt))
    return runBlocks(run, { start: 0, end, finished: readProgress(progress, script.bead, script.attempt) });
  for (;;) {
    const molecule = await moleculeOf(run);
    const step = molecule && nextStep(molecule, run.options.env?.BD_ACTOR ?? process.env.BD_ACTOR);
    if (!step) return undefined;
    const place = plan.findIndex((candidate) => candidate.step === step.step);
    const start = plan.slice(0, Math.max(place, 0)).reduce((sum, { blocks }) => sum + blocks, 0);
    const blocks = plan[place]?.blocks ?? 0;
    if (blocks === 0)
      return pause(
        run,
        `the step ${step.step} (${step.issue.id}) has no \`\`\`sh block: do it, then close it with "bd close ${step.issue.id}"`,
      );
    const finished = readProgress(progress, script.bead, script.attempt, step.issue.id);
    run.options.print(`● step ${oneLine(step.step)}`);
    const ended = await runBlocks(run, { start, end: start + blocks, finished, step: step.issue.id });
    if (ended !== undefined) return ended;
    await closeStep(run, step.issue.id);
  }
}

/** Closes a step, unless an earlier try has closed it without an answer. */
function closeStep(run: Run, id: string): Promise<unknown> {
  return patiently(async () => {
    const isOpen = (await moleculeOf(run))?.steps.some((step) => step.issue.id === id && step.status !== 'done');
    if (isOpen) await run.town.call(StepClose.spec, { id, auto: true });
  }, run.options.pause);
}

async function moleculeOf({ town, script }: Pick<Run, 'town' | 'script'>): Promise<MoleculeInfo | undefined> {
  return script.molecule === undefined ? undefined : (await town.call(MoleculeGet.spec, { id: script.molecule }))[0];
}

/** Our own step in progress, else the first ready one. */
function nextStep({ steps }: MoleculeInfo, self: string | undefined): MoleculeStep | undefined {
  return (
    steps.find(({ status, issue }) => status === 'current' && (!issue.assignee || issue.assignee === self)) ??
    steps.find(({ status }) => status === 'ready')
  );
}

/** Submits the work; while steps of its molecule are open, the work is kept until they are done. */
async function submit(run: Run): Promise<number> {
  try {
    return await sayDone(run);
  } catch (error) {
    const molecule = await moleculeOf(run);
    if (!(error instanceof UserError) || molecule === undefined) throw error;
    if (molecule.completed < molecule.total) return pause(run, error.message);
    return sayDone(run); // the last step may have been closed since the refusal
  }
}

async function sayDone(run: Run): Promise<number> {
  const { town, script, options } = run;
  let isAsked = false;
  await patiently(async () => {
    if (isAsked && (await hasEnded(run))) return; // an earlier try took effect, and its answer was lost
    isAsked = true;
    const { mergeRequest } = await town.call(Done.spec, {});
    options.print(`✓ ${script.bead} is in the merge queue (${mergeRequest})`);
  }, options.pause);
  return 0;
}

async function pause({ town, script, options }: Run, message: string): Promise<number> {
  await town.call(Done.spec, { status: 'deferred', message });
  options.print(`◌ ${script.bead} waits: ${message}`);
  return 0;
}

/** The current step of the bead's molecule, if it has one: `bd close "$GT_STEP" --continue` starts the next one. */
async function currentStep(town: Caller, script: FrozenScript): Promise<Record<string, string>> {
  const molecule = await moleculeOf({ town, script });
  const step = molecule?.steps.find((candidate) => candidate.is_current);
  return step === undefined ? {} : { GT_STEP: step.issue.id, GT_STEP_NAME: step.step };
}

/** The text goes into a file that sh reads: it is never part of a command line. */
function runBlock(
  file: string,
  text: string,
  script: FrozenScript,
  worktree: string,
  options: Running,
  more: Record<string, string>,
): Promise<number> {
  writeFileAtomic(file, text, PRIVATE_FILE);
  const variables = Object.fromEntries(
    Object.entries(options.variables ?? script.variables ?? {}).map(([name, value]) => [`GT_VAR_${name}`, value]),
  );
  const env = {
    ...(options.env ?? process.env),
    ...variables,
    ...more,
    GT_ATTEMPT: String(script.attempt),
    GT_BEAD: script.bead,
    ...(script.rebaseOnto ? { GT_REBASE_ONTO: script.rebaseOnto } : {}),
  };
  return new Promise<number>((resolve, reject) => {
    const child = spawn('sh', ['-e', file], {
      cwd: worktree,
      env,
      stdio: options.onOutput ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      windowsHide: true,
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => options.onOutput?.(String(data)));
    child.on('error', (error) => reject(startFailure(error)));
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? os.constants.signals[signal] : 0)));
  }).finally(() => removeFile(file));
}

function startFailure(error: Error): UserError {
  if (!hasCode(error, 'ENOENT')) return new UserError(`cannot run sh: ${messageOf(error)}`, undefined, 'unavailable');
  return new UserError(
    'the script runtime needs sh, which is not on PATH',
    'On Windows it comes with Git for Windows; or sling the bead to another runtime.',
    'unavailable',
  );
}

/** The first line with content: a comment or a command. Without control characters, which would affect the terminal. */
function firstLine(block: string): string {
  return oneLine(block.split('\n').find((line) => line.trim() !== '') ?? '').slice(0, 100);
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
