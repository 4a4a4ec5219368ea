import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import type { StartedLink } from '../../protocol/transport/commandClient';
import { CliProgram } from '../shared/command';
import type { ProcessContext } from '../shared/context';
import { errorText } from '../shared/output';
import { runCommandLine, wholeProgram, type CommandModule } from '../shared/run';
import { BdContext } from './context';

const groups = [
  [
    'Find work',
    [
      'ready',
      'list',
      'show',
      'search',
      'query',
      'blocked',
      'children',
      'count',
      'stale',
      'status',
      'skills',
      'compare',
      'events',
      'activity',
    ],
  ],
  [
    'Change beads',
    [
      'create',
      'q',
      'todo',
      'update',
      'assign',
      'priority',
      'note',
      'close',
      'reopen',
      'defer',
      'undefer',
      'delete',
      'rename',
      'move',
      'refile',
      'batch',
      'edit',
      'promote',
      'validate',
    ],
  ],
  ['Order', ['dep', 'link', 'relate', 'unrelate', 'epic', 'graph', 'label', 'tag', 'state', 'set-state', 'ship']],
  ['Comments and remarks', ['comment', 'comments', 'remember', 'memories', 'recall', 'forget']],
  [
    'Tidy up',
    ['duplicate', 'duplicates', 'find-duplicates', 'supersede', 'lint', 'orphans', 'prune', 'purge', 'gc', 'admin'],
  ],
  [
    'Formulas and molecules',
    ['formula', 'cook', 'mol', 'squash', 'burn', 'gate', 'swarm', 'merge-slot', 'agent', 'slot'],
  ],
  [
    'The ledger',
    [
      'init',
      'export',
      'import',
      'merge',
      'sync',
      'hooks',
      'worktree',
      'backend',
      'repo',
      'upgrade',
      'config',
      'kv',
      'info',
      'daemon',
      'where',
      'context',
      'ping',
      'bootstrap',
      'backup',
      'restore',
      'sql',
      'types',
      'statuses',
      'rename-prefix',
      'doctor',
    ],
  ],
  ['Guides', ['prime', 'onboard', 'setup', 'quickstart', 'human', 'preflight', 'thanks', 'audit']],
  ['About bd', ['help', 'version', 'completion']],
] as const;

const glossary = {
  id: 'id or a unique part of it',
  ids: 'ids or unique parts of them',
  formula: 'name of a formula, or a file',
  title: 'title; write it after -- if it starts with a hyphen',
  name: 'its name',
  hook: 'name of a hook of git',
  key: 'name of the value',
  value: 'text',
  prefix: 'with or without the hyphen at its end',
  capability: 'the name after export: in the label',
  mode: 'git-portable',
  entry: 'id of an entry, as it was printed',
  words: 'whatever follows',
  query: 'an expression, or one statement in SQL',
  folder: 'a folder',
  recipe: 'name of the assistant, as --list shows it',
  text: 'what to keep',
};

function createProgram(): CliProgram {
  return (
    new CliProgram('bd')
      .description('beads: issues that live in git, with dependencies')
      .option('--json', 'print JSON')
      .option('--actor <name>', 'who acts (default: BD_ACTOR, BEADS_ACTOR, git user.name, $USER)')
      .option('--db <path>', 'the .beads folder to use (default: BEADS_DIR, else the nearest one)')
      .option('-C, --directory <folder>', 'run in this folder')
      .option('-q, --quiet', 'print errors only')
      .option('-V, --version', 'print the version')
      .option('-v, --verbose', 'accepted, has no effect')
      .option('--readonly', 'refuse every change')
      .option('--no-daemon', 'outside a town: work on the files, without the server of the ledger')
      .option('--sandbox', 'same as --no-daemon')
      // Options of the Go tool without a meaning here: there is one store, and nothing to flush.
      .option('--no-auto-flush', 'accepted, has no effect')
      .option('--no-auto-import', 'accepted, has no effect')
      .option('--no-db', 'accepted, has no effect')
      .option('--allow-stale', 'accepted, has no effect')
      .option('--profile', 'accepted, has no effect')
      .option('--lock-timeout <duration>', 'accepted, has no effect')
      .option('--dolt-auto-commit <mode>', 'accepted, has no effect')
      .withOverview({ groups, glossary, groupHelpExit: 0 })
      .withHelp({
        text: "Inside a town it talks to the town's server. Outside of a town it works on the nearest .beads folder, through a separate server that starts with the first command and ends minutes after the last (BEADS_NO_DAEMON=1 or --no-daemon: without one). An id may be shortened to any part that is unique.",
        examples: [
          ['bd init --prefix app', 'create a ledger here'],
          ['bd create "Fix the login page" -t bug -p 1', 'create a bead'],
          ['bd ready', 'list beads that can be worked on'],
          ['bd close app-a1b2c --reason "fixed in 4f2a"', 'close a bead'],
        ],
        exits: {
          0: 'success',
          1: 'failure, complete or in part; the reason is on standard error (as JSON with --json)',
        },
      })
  );
}

/** Commands of other stores and services; their replacements are in guides.ts. */
const elsewhereCommands = new Set([
  'dolt',
  'branch',
  'history',
  'diff',
  'vc',
  'jira',
  'linear',
  'github',
  'gitlab',
  'ado',
  'notion',
  'federation',
  'mail',
  'repair',
  'resolve-conflicts',
  'migrate',
  'hook',
  'create-form',
  'compact',
  'reset',
  'template',
  'detect-pollution',
  'flatten',
  'init-safety',
  'rules',
]);

/** The module of each command. */
function modules(context: BdContext): CommandModule[] {
  return [
    { commands: ['blocked'], add: async (program) => (await import('./blocked')).addBlocked(program, context) },
    { commands: ['close', 'done'], add: async (program) => (await import('./close')).addClose(program, context) },
    { commands: ['comment'], add: async (program) => (await import('./comment')).addComment(program, context) },
    { commands: ['comments'], add: async (program) => (await import('./comment')).addComments(program, context) },
    { commands: ['cook'], add: async (program) => (await import('./cook')).addCook(program, context) },
    { commands: ['create', 'new'], add: async (program) => (await import('./create')).addCreate(program, context) },
    { commands: ['daemon', 'daemons'], add: async (program) => (await import('./daemon')).addDaemon(program, context) },
    { commands: ['delete', 'rm'], add: async (program) => (await import('./delete')).addDelete(program, context) },
    { commands: ['doctor'], add: async (program) => (await import('./doctor')).addDoctor(program, context) },
    { commands: ['dep'], add: async (program) => (await import('./dep')).addDep(program, context) },
    {
      commands: ['events'],
      add: async (program) => (await import('./events')).addEvents(program, context),
    },
    { commands: ['export'], add: async (program) => (await import('./export')).addExport(program, context) },
    { commands: ['formula'], add: async (program) => (await import('./formula')).addFormula(program, context) },
    { commands: ['import'], add: async (program) => (await import('./import')).addImport(program, context) },
    { commands: ['init'], add: async (program) => (await import('./init')).addInit(program, context) },
    { commands: ['label'], add: async (program) => (await import('./label')).addLabel(program, context) },
    { commands: ['list', 'ls'], add: async (program) => (await import('./list')).addList(program, context) },
    { commands: ['merge'], add: async (program) => (await import('./merge')).addMerge(program, context) },
    { commands: ['mol', 'molecule'], add: async (program) => (await import('./mol')).addMol(program, context) },
    { commands: ['squash'], add: async (program) => (await import('./moleculeEnd')).addSquash(program, context) },
    { commands: ['burn'], add: async (program) => (await import('./moleculeEnd')).addBurn(program, context) },
    { commands: ['ready'], add: async (program) => (await import('./ready')).addReady(program, context) },
    { commands: ['reopen'], add: async (program) => (await import('./reopen')).addReopen(program, context) },
    { commands: ['show', 'view'], add: async (program) => (await import('./show')).addShow(program, context) },
    { commands: ['children'], add: async (program) => (await import('./children')).addChildren(program, context) },
    { commands: ['count'], add: async (program) => (await import('./count')).addCount(program, context) },
    { commands: ['defer'], add: async (program) => (await import('./defer')).addDefer(program, context) },
    { commands: ['undefer'], add: async (program) => (await import('./defer')).addUndefer(program, context) },
    { commands: ['query'], add: async (program) => (await import('./query')).addQuery(program, context) },
    { commands: ['search'], add: async (program) => (await import('./search')).addSearch(program, context) },
    {
      commands: ['relate'],
      add: async (program) => (await import('./depCycles')).addRelation(program, context, 'relate'),
    },
    {
      commands: ['unrelate'],
      add: async (program) => (await import('./depCycles')).addRelation(program, context, 'unrelate'),
    },
    { commands: ['audit'], add: async (program) => (await import('./audit')).addAudit(program, context) },
    { commands: ['config'], add: async (program) => (await import('./config')).addConfig(program, context) },
    { commands: ['duplicate'], add: async (program) => (await import('./duplicate')).addDuplicate(program, context) },
    { commands: ['supersede'], add: async (program) => (await import('./duplicate')).addSupersede(program, context) },
    {
      commands: ['duplicates'],
      add: async (program) => (await import('./duplicates')).addDuplicates(program, context),
    },
    {
      commands: ['find-duplicates'],
      add: async (program) => (await import('./duplicates')).addFindDuplicates(program, context),
    },
    { commands: ['epic'], add: async (program) => (await import('./epic')).addEpic(program, context) },
    { commands: ['gate'], add: async (program) => (await import('./gate')).addGate(program, context) },
    { commands: ['graph'], add: async (program) => (await import('./graph')).addGraph(program, context) },
    { commands: ['human'], add: async (program) => (await import('./human')).addHuman(program, context) },
    { commands: ['info'], add: async (program) => (await import('./info')).addInfo(program, context) },
    { commands: ['kv'], add: async (program) => (await import('./kv')).addKv(program, context) },
    { commands: ['lint'], add: async (program) => (await import('./lint')).addLint(program, context) },
    { commands: ['merge-slot'], add: async (program) => (await import('./slot')).addMergeSlot(program, context) },
    { commands: ['onboard'], add: async (program) => (await import('./guides')).addOnboard(program, context) },
    { commands: ['orphans'], add: async (program) => (await import('./orphans')).addOrphans(program, context) },
    { commands: ['prime'], add: async (program) => (await import('./guides')).addPrime(program, context) },
    { commands: ['q'], add: async (program) => (await import('./quickCreate')).addQuick(program, context) },
    { commands: ['quickstart'], add: async (program) => (await import('./guides')).addQuickstart(program, context) },
    { commands: ['rename'], add: async (program) => (await import('./rename')).addRename(program, context) },
    {
      commands: ['rename-prefix'],
      add: async (program) => (await import('./rename')).addRenamePrefix(program, context),
    },
    { commands: ['set-state'], add: async (program) => (await import('./state')).addSetState(program, context) },
    { commands: ['ship'], add: async (program) => (await import('./slot')).addShip(program, context) },
    { commands: ['stale'], add: async (program) => (await import('./stale')).addStale(program, context) },
    { commands: ['state'], add: async (program) => (await import('./state')).addState(program, context) },
    { commands: ['statuses'], add: async (program) => (await import('./info')).addStatuses(program, context) },
    { commands: ['swarm'], add: async (program) => (await import('./swarm')).addSwarm(program, context) },
    { commands: ['sync'], add: async (program) => (await import('./sync')).addSync(program, context) },
    { commands: ['todo'], add: async (program) => (await import('./quickCreate')).addTodo(program, context) },
    { commands: ['types'], add: async (program) => (await import('./info')).addTypes(program, context) },
    { commands: ['where'], add: async (program) => (await import('./info')).addWhere(program, context) },
    {
      commands: ['assign', 'note', 'tag', 'link', 'priority'],
      add: async (program) => (await import('./aliases')).addShortForms(program, context),
    },
    {
      commands: [...elsewhereCommands],
      add: async (program) => (await import('./guides')).addElsewhere(program),
    },
    { commands: ['edit'], add: async (program) => (await import('./edit')).addEdit(program, context) },
    { commands: ['promote'], add: async (program) => (await import('./promote')).addPromote(program, context) },
    {
      commands: ['remember', 'memories', 'recall', 'forget'],
      add: async (program) => (await import('./memory')).addMemory(program, context),
    },
    { commands: ['batch'], add: async (program) => (await import('./batch')).addBatch(program, context) },
    { commands: ['move'], add: async (program) => (await import('./move')).addMove(program, context) },
    { commands: ['refile'], add: async (program) => (await import('./move')).addRefile(program, context) },
    { commands: ['agent'], add: async (program) => (await import('./agent')).addAgent(program, context) },
    { commands: ['slot'], add: async (program) => (await import('./agent')).addSlot(program, context) },
    { commands: ['admin'], add: async (program) => (await import('./admin')).addAdmin(program, context) },
    { commands: ['cleanup'], add: async (program) => (await import('./admin')).addCleanup(program, context) },
    { commands: ['prune'], add: async (program) => (await import('./prune')).addPrune(program, context) },
    { commands: ['purge'], add: async (program) => (await import('./prune')).addPurge(program, context) },
    { commands: ['gc'], add: async (program) => (await import('./prune')).addGc(program, context) },
    { commands: ['setup'], add: async (program) => (await import('./setup')).addSetup(program, context) },
    { commands: ['sql'], add: async (program) => (await import('./sql')).addSql(program, context) },
    { commands: ['backup'], add: async (program) => (await import('./backup')).addBackup(program, context) },
    { commands: ['context'], add: async (program) => (await import('./environment')).addContext(program, context) },
    { commands: ['ping'], add: async (program) => (await import('./environment')).addPing(program, context) },
    { commands: ['bootstrap'], add: async (program) => (await import('./environment')).addBootstrap(program, context) },
    { commands: ['restore'], add: async (program) => (await import('./environment')).addRestore(program, context) },
    { commands: ['activity'], add: async (program) => (await import('./activity')).addActivity(program, context) },
    { commands: ['hooks'], add: async (program) => (await import('./hooks')).addHooks(program, context) },
    { commands: ['worktree'], add: async (program) => (await import('./worktree')).addWorktree(program, context) },
    { commands: ['backend'], add: async (program) => (await import('./storeInfo')).addBackend(program, context) },
    { commands: ['repo'], add: async (program) => (await import('./storeInfo')).addRepo(program, context) },
    { commands: ['upgrade'], add: async (program) => (await import('./storeInfo')).addUpgrade(program, context) },
    { commands: ['preflight'], add: async (program) => (await import('./preflight')).addPreflight(program, context) },
    { commands: ['thanks'], add: async (program) => (await import('./guides')).addThanks(program, context) },
    { commands: ['skills'], add: async (program) => (await import('./skills')).addSkills(program, context) },
    { commands: ['stats', 'status'], add: async (program) => (await import('./stats')).addStats(program, context) },
    { commands: ['validate'], add: async (program) => (await import('./validate')).addValidate(program, context) },
    { commands: ['compare'], add: async (program) => (await import('./compare')).addCompare(program, context) },
    { commands: ['update'], add: async (program) => (await import('./update')).addUpdate(program, context) },
    {
      commands: ['help', 'version', 'completion'],
      add: async (program) => (await import('../shared/metaCommands')).addMetaCommands(program, context),
    },
  ];
}

/** The program with all its commands. */
export function wholeBd(context: BdContext): Promise<CliProgram> {
  return wholeProgram({ createProgram, modules: modules(context) });
}

/** Commands of other stores take any options: they only print what to do instead. */
function withoutOptions(given: readonly string[]): readonly string[] {
  const [first = '', second = ''] = given;
  const isElsewhere = elsewhereCommands.has(first) || (first === 'admin' && ['compact', 'reset'].includes(second));
  return isElsewhere ? given.filter((word) => !word.startsWith('-') || /^(?:--json|--help|-h)$/.test(word)) : given;
}

/** The folder that `-C` names, before `--`; undefined without it. */
function folderOption(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (word === '--') return undefined;
    if (word === '-C' || word === '--directory') return words[index + 1];
    if (word.startsWith('--directory=')) return word.slice('--directory='.length);
  }
  return undefined;
}

/** Runs one command. Never throws. @returns the exit code */
export async function runBd(given: readonly string[], caller: ProcessContext, started?: StartedLink): Promise<number> {
  const folder = folderOption(given);
  const process = folder === undefined ? caller : { ...caller, cwd: path.resolve(caller.cwd, folder) };
  if (folder !== undefined && !fs.statSync(process.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    const error = new UserError(
      `there is no folder ${folder}`,
      'Name a folder that exists: bd -C <folder>',
      'not-found',
    );
    process.terminal.writeError(errorText(error, given.includes('--json')));
    return 1;
  }
  const context = new BdContext(process, started);
  const wantsJson =
    /^(?:1|true)$/.test(process.env.BD_JSON ?? '') && !given.includes('--json') && given[0] !== '__complete';
  const words = wantsJson ? ['--json', ...withoutOptions(given)] : withoutOptions(given);
  const code = await runCommandLine(
    {
      createProgram,
      modules: modules(context),
      terminal: process.terminal,
      values: async (...place) => (await import('./completionValues')).bdValues(process, ...place),
    },
    words,
  );
  return code || context.exitCode;
}
