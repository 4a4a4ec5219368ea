import path from 'node:path';
import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import {
  gateNames,
  RigAdd,
  RigFastForward,
  RigFlakyGates,
  RigList,
  RigRemove,
  rigSettingNames,
  RigSet,
  TownGetSnapshot,
  type GateName,
  type ReviewSetting,
  type RigInfo,
  type RigTarget,
} from '../../protocol/town';
import { rigNameFrom } from '../../base/rigName';
import type { CliCommand, Invocation } from '../shared/command';
import { acceptConsent, withAcceptOptions, type AcceptOptions } from './accept';
import type { GtContext } from './context';

interface AddOptions {
  prefix?: string;
  branch?: string;
  maxWorkers?: number;
  gate?: string[];
  import?: boolean;
  yes?: boolean;
}

export function addRig(program: CliCommand, context: GtContext): void {
  const rig = program.command('rig').description('rigs: the repositories that the town works on');
  addAdd(rig, context);
  addSet(rig, context);
  addList(rig, context);
  addFlaky(rig, context);
  addRemove(rig, context);
  addAccept(rig, context);
  addFastForward(rig, context);
}

function addAdd(rig: CliCommand, context: GtContext): void {
  rig
    .command('add')
    .description('add a repository: a git URL or a folder')
    .argument('<name-or-source>', 'name of the rig, or its source if nothing else is given')
    .argument('[source]', 'git URL or folder')
    .option('--prefix <prefix>', 'prefix of its bead ids')
    .option('--branch <name>', 'default branch (default: the one that is checked out)')
    .option('--max-workers <n>', 'agents at once', Number)
    .option('--gate <name=command...>', `gate to run before every merge (${gateNames.join(', ')}; default: detected)`)
    .option('--import', 'import the beads that the repository itself has in .beads')
    .option('--yes', 'accept the commands that are given or detected, and print them')
    .withHelp({
      text: 'The branch that is checked out in a folder is never pushed to: work is merged to gastown/<branch>, and you fast-forward. Commands that test a change run only after you accept them.',
      examples: [
        ['gt rig add toy ~/src/toy --gate test="npm test" --yes', 'a folder, with an accepted gate'],
        ['gt rig add https://example.org/toy.git', 'a URL, named after it, with the gates that are detected'],
      ],
      see: ['gt rig accept', 'gt rig set', 'gt rig fast-forward'],
    })
    .action(async (first: string, second: string | undefined, options: AddOptions, invocation: Invocation) => {
      const info = await context.call(invocation, RigAdd.spec, {
        name: second === undefined ? rigNameFrom(first) : first,
        source: absoluteIfFolder(second ?? first, context.process.cwd),
        prefix: options.prefix,
        defaultBranch: options.branch,
        maxWorkers: options.maxWorkers,
        gates: parseGates(options.gate),
        accept: options.yes,
        importBeads: options.import,
      });
      context.print(invocation, info, () => addedLines(info));
    });
}

function addSet(rig: CliCommand, context: GtContext): void {
  rig
    .command('set')
    .description('change settings and gates of a rig')
    .argument('<rig>')
    .argument('<key=value...>', 'a setting or gate and its value; an empty value removes it')
    .withHelp({
      text: `Settings: ${rigSettingNames.join(', ')}. The documentation explains each.\nGates: ${gateNames.join(', ')}. A command that you set here is accepted.\nParts of the repository that need only some of the gates: target.<name>="<paths>: <gates>". Their changes run these gates alone.`,
      examples: [
        ['gt rig set toy max_workers=4 review=person', 'settings'],
        ['gt rig set toy test="npm test" lint=', 'set one gate and remove another'],
        ['gt rig set toy target.docs="docs/** **/*.md: lint"', 'changes of texts alone run only lint'],
        ['gt rig set toy target.docs=', 'they run all gates again'],
      ],
      see: ['gt rig add'],
    })
    .action(async (name: string, entries: string[], _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, RigSet.spec, { name, ...parseSettings(entries) });
      context.print(invocation, info, () => [
        `✓ ${info.id}: ${plural(info.maxWorkers, 'worker')}, review ${reviewText(info.review)}, merge strategy ${info.mergeStrategy}`,
        ...gateLines(info),
        ...targetLines(info),
        ...(info.accepted ? [] : [`  Its commands run only after you accept them: gt rig accept ${info.id}`]),
      ]);
    });
}

function addList(rig: CliCommand, context: GtContext): void {
  rig
    .command('list')
    .description('list all rigs')
    .withHelp({ examples: [['gt rig list', 'with their sources and branches']], see: ['gt status'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const rigs = await context.call(invocation, RigList.spec, {});
      context.print(invocation, rigs, () =>
        rigs.length > 0 ? rigs.map(summaryLine) : 'No rigs. Add one: gt rig add <name> <url|folder>',
      );
    });
}

function addFlaky(rig: CliCommand, context: GtContext): void {
  rig
    .command('flaky <rig>')
    .description('list gates that failed and then passed on the same files')
    .withHelp({
      text: 'A gate that fails runs again (setting flaky_retries) before a change is sent back for it.',
      examples: [['gt rig flaky toy', 'which gates cannot be relied on']],
      see: ['gt rig set', 'gt mq list'],
    })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      const entries = await context.call(invocation, RigFlakyGates.spec, { name });
      context.print(invocation, entries, () =>
        entries.length > 0
          ? entries.map(({ at, gate, commit, problem }) => `${at}  ${gate}  ${commit.slice(0, 12)}  ${problem}`)
          : `No gate of ${name} was flaky so far`,
      );
    });
}

function addRemove(rig: CliCommand, context: GtContext): void {
  rig
    .command('remove <rig>')
    .description('remove a rig from the town; its folder is kept elsewhere')
    .withHelp({
      text: 'Refused while it has work that is not merged. Its folder is moved to .runtime/removed.',
      examples: [['gt rig remove toy', 'remove it']],
      see: ['gt rig add'],
    })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, RigRemove.spec, { name });
      context.print(invocation, result, () => `✓ Removed ${name}; its folder is now ${result.movedTo}`);
    });
}

function addAccept(rig: CliCommand, context: GtContext): void {
  withAcceptOptions(rig.command('accept <rig>').description('show the commands of a rig, and accept them'))
    .withHelp({
      text: 'Without --yes or --hash it only shows them.',
      examples: [
        ['gt rig accept toy', 'show them'],
        ['gt rig accept toy --yes', 'accept them'],
      ],
      exits: { 1: 'they were only shown' },
      see: ['gt accept'],
    })
    .action(async (name: string, options: AcceptOptions, invocation: Invocation) => {
      await acceptConsent(invocation, context, options, async (town) => {
        const { rigs, attention } = await town.call(TownGetSnapshot.spec, { once: true });
        if (!rigs.some((info) => info.id === name))
          throw new UserError(`there is no rig ${name}`, 'see "gt rig list"', 'not-found');
        return attention.find((item) => item.consent?.kind === 'rig-commands' && item.rig === name);
      });
    });
}

function addFastForward(rig: CliCommand, context: GtContext): void {
  rig
    .command('fast-forward <rig>')
    .description("fast-forward the folder's checkout to merged work")
    .withHelp({
      text: 'Only if the folder is clean and has no commits of its own.',
      examples: [['gt rig fast-forward toy', 'get the merged work']],
      see: ['gt status'],
    })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, RigFastForward.spec, { name });
      context.print(invocation, result, () => `✓ Fast-forwarded by ${plural(result.commits, 'commit')}`);
    });
}

function summaryLine(info: RigInfo): string {
  return `${info.id} [${info.prefix}-] ← ${info.source} (${info.defaultBranch} → ${info.targetBranch})`;
}

function addedLines(info: RigInfo): string[] {
  return [
    `✓ Added ${info.id} [${info.prefix}-] ← ${info.source}; work is merged to ${info.targetBranch}`,
    ...(info.gates.length === 0
      ? [`  No gates: nothing is tested before a merge. Add one: gt rig set ${info.id} test="…"`]
      : ['  Gates:', ...gateLines(info)]),
    ...(info.accepted ? [] : [`  They run only after you accept them: gt rig accept ${info.id}`]),
    ...trackedLines(info),
  ];
}

function trackedLines({ id, prefix, trackedBeads }: RigInfo): string[] {
  if (!trackedBeads) return [];
  const { count, prefix: own, show } = trackedBeads;
  const found = `  The repository tracks ${plural(count, 'bead')} in .beads, which were not imported.`;
  return own === prefix
    ? [`${found} Import them:`, `    ${show} | bd import --rig ${id}`]
    : [`${found} Their ids start with ${own}-, not with ${prefix}-: add the rig with --prefix ${own} to import them.`];
}

function gateLines(info: RigInfo): string[] {
  return [...info.gates, ...(info.filters ?? [])].map(({ name, command }) => `    ${name}: ${command}`);
}

function targetLines({ targets = {} }: RigInfo): string[] {
  return Object.entries(targets).map(
    ([name, { paths, gates }]) => `    ${name} (${paths.join(' ')}): ${gates.join(', ') || 'no gates'}`,
  );
}

interface RigChanges {
  settings: Record<string, string>;
  gates: Record<string, string>;
  targets: Record<string, RigTarget | null>;
}

const TARGET_KEY = /^target\.(.+)$/;

function parseSettings(entries: readonly string[]): RigChanges {
  const changes: RigChanges = { settings: {}, gates: {}, targets: {} };
  for (const entry of entries) {
    const [key, value] = keyAndValue(entry) ?? [];
    if (key === undefined || value === undefined)
      throw new UserError(`"${entry}" is not a setting`, 'write it as key=value');
    const target = TARGET_KEY.exec(key)?.[1];
    if (target !== undefined) changes.targets[target] = parseTarget(entry, value);
    else if (gateNames.some((gate) => gate === key)) changes.gates[key] = value;
    else if (rigSettingNames.some((name) => name === key)) changes.settings[key] = value;
    else
      throw new UserError(
        `there is no setting ${key}`,
        `settings: ${[...rigSettingNames, ...gateNames, 'target.<name>'].join(', ')}`,
      );
  }
  return changes;
}

/** @param value `<paths>: <gates>`, both separated by spaces or commas; empty to remove it */
function parseTarget(entry: string, value: string): RigTarget | null {
  if (value.trim() === '') return null;
  const colon = value.lastIndexOf(':');
  const [paths, names] = [value.slice(0, Math.max(0, colon)), value.slice(colon + 1)].map((list) =>
    list.split(/[\s,]+/).filter(Boolean),
  ) as [string[], string[]];
  if (paths.length === 0)
    throw new UserError(
      `"${entry}" does not say which gates which files need`,
      'write it as target.<name>="<paths>: <gates>", such as target.docs="docs/** **/*.md: lint"',
    );
  const gates = names.map((name) => gateNames.find((gate) => gate === name));
  const unknown = names.find((_name, index) => gates[index] === undefined);
  if (unknown !== undefined)
    throw new UserError(`there is no gate ${unknown}`, `names of gates: ${gateNames.join(', ')}`);
  return { paths, gates: gates.filter((gate) => gate !== undefined) };
}

function parseGates(entries: readonly string[] | undefined): Partial<Record<GateName, string>> | undefined {
  if (!entries) return undefined;
  const gates: Partial<Record<GateName, string>> = {};
  for (const entry of entries) {
    const [name, command] = keyAndValue(entry) ?? [];
    const known = gateNames.find((gate) => gate === name);
    if (!known || command === undefined)
      throw new UserError(`"${entry}" is not a gate`, `write it as name=command; names: ${gateNames.join(', ')}`);
    gates[known] = command;
  }
  return gates;
}

function keyAndValue(entry: string): [key: string, value: string] | undefined {
  const equals = entry.indexOf('=');
  return equals < 1 ? undefined : [entry.slice(0, equals), entry.slice(equals + 1)];
}

function absoluteIfFolder(source: string, cwd: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || /^[^/\\]+@[^/\\]+:/.test(source);
  return isUrl ? source : path.resolve(cwd, source);
}

function reviewText(review: ReviewSetting): string {
  return typeof review === 'string' ? review : `${review.reviewers.join(', ')} (${review.needed})`;
}
