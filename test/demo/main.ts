import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readTextIfPresent } from '../../server/src/base/safeFiles';
import { messageOf, UserError } from '../../server/src/base/errors';
import { git } from '../../server/src/git/git';
import { BeadCreate } from '../../server/src/protocol/bead';
import { MoleculeGet } from '../../server/src/protocol/formula';
import {
  ConvoyCreate,
  ConvoyGet,
  DefaultAgent,
  MqApprove,
  MqList,
  RigAdd,
  RigFastForward,
  RigSet,
  Sling,
  TownChanged,
  TownEvent,
  TownGetSnapshot,
  TownStop,
  TownUp,
  type ReviewMode,
} from '../../server/src/protocol/town';
import { connectTown, type TownConnection } from '../../server/src/protocol/transport';
import { installTown } from '../../server/src/town/install';
import { TownLayout } from '../../server/src/town/layout';
import { actorName } from '../../server/src/cli/shared/connect';
import { shutdownServer } from '../../server/src/cli/shared/shutdownServer';
import { batchBeads, featureBeads } from './more';
import { demoBeads, description, projectFiles, type DemoBead } from './project';
import { DemoOutput, TrackedBeads } from './output';

/** This file is bundled into `out/test/demo/`. */
const checkout = path.resolve(__dirname, '..', '..', '..');
/** Longest time that the convoy may take. */
const TIME_LIMIT_MS = 180_000;
/** Lines of the log that are shown when it fails. */
const LOG_LINES = 30;

interface DemoOptions {
  directory: string;
  keep: boolean;
}

function parseOptions(args: readonly string[]): DemoOptions {
  const at = args.indexOf('--dir');
  if (at >= 0 && !args[at + 1]) throw new UserError('--dir needs a folder', 'npm run demo -- --dir <folder>');
  const unknown = args.find((argument, index) => !['--keep', '--dir'].includes(argument) && index !== at + 1);
  if (unknown) throw new UserError(`unknown option ${unknown}`, 'npm run demo [-- --keep] [-- --dir <folder>]');
  const directory = at >= 0 ? path.resolve(args[at + 1]!) : fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-demo-'));
  if (at >= 0 && fs.existsSync(directory) && fs.readdirSync(directory).length > 0)
    throw new UserError(`${directory} is not empty`, 'choose a new folder', 'conflict');
  return { directory, keep: at >= 0 || args.includes('--keep') };
}

async function createProject(directory: string): Promise<string> {
  const project = path.join(directory, 'sundial');
  for (const [file, text] of Object.entries(projectFiles)) {
    fs.mkdirSync(path.dirname(path.join(project, file)), { recursive: true });
    fs.writeFileSync(path.join(project, file), text);
  }
  const identity = { name: 'You', email: 'you@example.org' };
  await git(project, ['init', '--quiet', '--initial-branch=main']);
  await git(project, ['add', '--all']);
  await git(project, ['commit', '--quiet', '-m', 'Start sundial'], { identity });
  return project;
}

interface DemoConvoy {
  id: string;
  beads: string[];
}

async function createConvoy(
  town: TownConnection,
  output: DemoOutput,
  title: string,
  beads: readonly DemoBead[],
  featureBranch = false,
): Promise<DemoConvoy> {
  const { names } = output;
  const ids = new Map<string, string>();
  for (const bead of beads) {
    const deps = bead.needs.map((key): [string, string] => ['depends-on', ids.get(key)!]);
    const created = await town.call(BeadCreate.spec, {
      ledger: 'sundial',
      title: bead.title,
      type: 'feature',
      description: description(bead),
      deps,
    });
    ids.set(bead.key, created.id);
    names.set(created.id, bead.title);
  }
  const convoy = await town.call(ConvoyCreate.spec, {
    title,
    beads: [...ids.values()],
    launch: true,
    featureBranch,
  });
  names.set(convoy.id, title);
  for (const { key, formula } of beads) {
    if (!formula) continue;
    await town.call(Sling.spec, { beads: [ids.get(key)!], rig: 'sundial', formula });
    const [molecule] = await town.call(MoleculeGet.spec, { id: ids.get(key)! });
    for (const { step, issue } of molecule?.steps ?? []) output.steps.set(issue.id, step);
    output.line(`${names.get(ids.get(key)!)} follows the formula ${formula}, step by step.`);
  }
  return { id: convoy.id, beads: convoy.beads };
}

/** Resolves when the convoy has landed; rejects when a bead has failed or the time is up. */
async function watch(town: TownConnection, convoy: DemoConvoy, output: DemoOutput): Promise<void> {
  const board = new TrackedBeads(await town.call(TownGetSnapshot.spec, {}));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new UserError(`the convoy has not landed within ${TIME_LIMIT_MS / 1000} s`)),
      TIME_LIMIT_MS,
    );
    timer.unref(); // after Ctrl-C it must not keep the process alive
    let isOver = false;
    const end = (finish: () => void): void => {
      isOver = true;
      clearTimeout(timer);
      finish();
    };
    town.onNotification(TownEvent.spec, (event) => {
      if (isOver) return;
      output.event(event);
      if (event.type === 'convoy_landed' && event.convoy === convoy.id) end(resolve);
      if (event.type === 'failed') end(() => reject(new UserError(event.message ?? 'a bead failed')));
    });
    town.onNotification(TownChanged.spec, (delta) => {
      if (isOver) return;
      board.apply(delta);
      output.beads(board.in(convoy.beads));
    });
    output.beads(board.in(convoy.beads));
    town.call(TownUp.spec, {}).catch((error: Error) => end(() => reject(error)));
  });
}

async function runDemo(options: DemoOptions, interrupted: Promise<never>): Promise<void> {
  const output = new DemoOutput(process.stdout, new Map());
  output.line(`A town in ${options.directory}, a project with tests, twelve beads for agents that need no model.`);
  fs.mkdirSync(options.directory, { recursive: true });
  const project = await createProject(options.directory);
  const { root } = await installTown(townFolder(options), 'demo');
  const actor = await actorName(undefined, process.env, process.cwd());
  const town = await connectTown(root, { kind: 'cli', actor }, { serverJs: path.join(checkout, 'dist', 'server.js') });
  let landed = false;
  try {
    await Promise.race([runConvoy(town, project, output), interrupted]);
    landed = true;
    await summarise(project, output, options);
  } finally {
    output.finish();
    if (!options.keep || !landed) await town.call(TownStop.spec, { all: true }).catch(() => undefined);
    town.close();
    await shutdownServer(root, { kind: 'cli', actor });
  }
}

async function runConvoy(town: TownConnection, project: string, output: DemoOutput): Promise<void> {
  await town.call(DefaultAgent.spec, { name: 'script' });
  await town.call(RigAdd.spec, {
    name: 'sundial',
    source: project,
    gates: { test: 'npm test' },
    maxWorkers: 3,
    accept: true,
  });
  await town.call(RigSet.spec, {
    name: 'sundial',
    settings: { review: 'script', review_command: 'node scripts/review.mjs' },
  });
  const review = (mode: ReviewMode): Promise<unknown> =>
    town.call(RigSet.spec, { name: 'sundial', settings: { review: mode } });
  await watch(town, await createConvoy(town, output, 'Grow sundial', demoBeads), output);
  output.line('\nFour more changes, which a person approves together: they are tested as one.');
  await review('person');
  const batch = await createConvoy(town, output, 'Helpers', batchBeads);
  await Promise.all([watch(town, batch, output), approveTogether(town, batch)]);
  output.line('\nTwo changes that land as a whole, from a branch of their own.');
  await review('script');
  await watch(town, await createConvoy(town, output, 'Countdown', featureBeads, true), output);
  await town.call(RigFastForward.spec, { name: 'sundial' });
}

/** All at once, when all wait; then each that comes back. */
async function approveTogether(town: TownConnection, convoy: DemoConvoy): Promise<void> {
  let least = convoy.beads.length;
  for (;;) {
    const waiting = (await town.call(MqList.spec, { rig: 'sundial' })).filter(({ needsPerson }) => needsPerson);
    if (waiting.length >= least) {
      least = 1;
      await Promise.all(waiting.map(({ id }) => town.call(MqApprove.spec, { id })));
    }
    const { done, total } = await town.call(ConvoyGet.spec, { id: convoy.id });
    if (done === total) return;
    await new Promise((next) => setTimeout(next, 100));
  }
}

async function summarise(project: string, output: DemoOutput, options: DemoOptions): Promise<void> {
  const log = await git(project, ['log', '--graph', '--format=%h %an: %s', 'main']);
  output.line(
    `\nThe convoys landed after ${output.seconds} s. The largest batch had ${output.largestBatch} changes. main of ${project}:\n\n${log.trimEnd()}\n`,
  );
  if (options.keep) output.line(`Open it in VS Code:  code --extensionDevelopmentPath="${checkout}" "${project}"`);
  else
    output.line(
      `To look at it in VS Code, keep it:  npm run demo -- --keep   (then: code --extensionDevelopmentPath="${checkout}" <folder>/sundial)`,
    );
}

class Interrupted extends Error {
  constructor(readonly signal: 'SIGINT' | 'SIGTERM') {
    super('interrupted');
  }
}

/** Rejects on Ctrl-C. A second one ends the program at once. */
function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Interrupted(signal)));
  });
  interrupted.catch(() => process.stderr.write('\nStopping the demo…\n'));
  return interrupted;
}

function townFolder(options: DemoOptions): string {
  return path.join(options.directory, 'town');
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  // A town that is removed afterwards is not added to the person's registry.
  if (!options.keep) process.env.XDG_CONFIG_HOME = path.join(options.directory, 'config');
  try {
    await runDemo(options, interruption());
  } catch (error) {
    if (!(error instanceof Interrupted)) return fail(error, options);
    process.exitCode = 128 + os.constants.signals[error.signal];
  }
  if (!options.keep) await removeFolder(options.directory);
}

/** The folder is kept, to find out why it failed. */
function fail(error: unknown, options: DemoOptions): void {
  const log = new TownLayout(townFolder(options)).log;
  const tail = (readTextIfPresent(log) ?? '').trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  report(error);
  process.stderr.write(
    `${tail ? `\nThe end of ${log}:\n${tail}\n` : ''}\nEverything is still in ${options.directory}\n`,
  );
}

function report(error: unknown): void {
  process.stderr.write(
    `\nThe demo failed: ${messageOf(error)}\n${error instanceof UserError && error.hint ? `${error.hint}\n` : ''}`,
  );
  process.exitCode = 1;
}

/** The server may still be writing its last line. */
async function removeFolder(directory: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    try {
      return fs.rmSync(directory, { recursive: true, force: true });
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

main().catch(report);
