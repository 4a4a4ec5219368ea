import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { BdContext } from '../../../server/src/cli/bd/context';
import { wholeBd } from '../../../server/src/cli/bd/program';
import type { CliCommand } from '../../../server/src/cli/shared/command';
import { workflow } from '../formulas/samples';
import { makeRepository, tempDir } from '../../helpers/temp';
import { calls, finds, freeTexts, needsBeads, needsNoLedger, otherForms, refused, texts } from './bdCalls';
import { BdRunner } from './bdRunner';

async function commandsOfBd(): Promise<CliCommand[]> {
  const terminal = { colour: false, write: () => undefined, writeError: () => undefined };
  const program = await wholeBd(new BdContext({ terminal, cwd: '/', env: {}, readStdin: () => '' }));
  const below = (command: CliCommand): CliCommand[] => [command, ...command.commands.flatMap(below)];
  return program.commands.flatMap(below).filter((command) => command.run && !command.hidden);
}

/** Files of a project with a ledger: without git's own, and without those that any write may bring up to date. */
function snapshot(folder: string): Map<string, string> {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  const own = names.filter((name) => !/^\.git\/|^\.beads\/(?:\.lock\/|base\.jsonl$|journal\.jsonl$)/.test(name));
  return new Map(own.map((name) => [name, fs.readFileSync(path.join(folder, name), 'latin1')]));
}

const nameOf = (command: CliCommand): string => command.path.slice('bd '.length);

/** A ledger with some of everything. */
async function furnished(): Promise<{ folder: string; ids: Record<string, string> }> {
  const folder = makeRepository({ 'README.md': 'x' });
  const bd = await BdRunner.inFolder(folder, 't');
  const make = (id: string, ...words: string[]): Promise<string> => bd.create(`Title of ${id}`, '--id', id, ...words);
  const ids: Record<string, string> = {
    open: await make('t-open', '-l', 'backend,export:login', '-d', 'some words'),
    spare: await make('t-spare'),
    friend: await make('t-friend'),
    blocked: await make('t-blocked', '--deps', 't-open'),
    epic: await make('t-epic', '-t', 'epic'),
    child: await bd.create('Child', '--parent', 't-epic'),
    closed: await make('t-closed'),
    later: await make('t-later', '--defer', '+2d'),
    vapor: await bd.create('Vapor', '--ephemeral'),
    done: await make('t-done', '-l', 'export:login'),
  };
  await bd.json('close', 't-closed', 't-done');
  await bd.json('dep', 'relate', 't-open', 't-friend');
  await bd.json('comments', 'add', 't-open', 'said');
  await bd.json('kv', 'set', 'release', '1');
  await bd.json('config', 'set', 'color', 'red');
  await bd.json('remember', 'always test', '--key', 'lesson');
  await bd.json('set-state', 't-open', 'health=bad');
  await bd.json('merge-slot', 'create');
  await bd.json('merge-slot', 'acquire', '--holder', 'bob');
  const formulas = path.join(folder, '.beads', 'formulas');
  fs.mkdirSync(formulas, { recursive: true });
  fs.writeFileSync(path.join(formulas, 'two.formula.toml'), workflow('two', ['a', 'b']));
  const old = { formula: 'old', version: 1, steps: [{ id: 'a', title: 'A' }] };
  fs.writeFileSync(path.join(formulas, 'old.formula.json'), JSON.stringify(old));
  ids.mol = (await bd.json<{ new_epic_id: string }>('mol', 'pour', 'two')).new_epic_id;
  ids.wisp = (await bd.json<{ new_epic_id: string }>('mol', 'wisp', 'two')).new_epic_id;
  ids.gate = (await bd.json<{ id: string }>('gate', 'create', '--blocks', 't-friend')).id;
  ids.entry = (await bd.json<{ id: string }>('audit', 'record', '--kind', 'tool_call')).id;
  ids.agent = (await bd.json<{ agent: string }>('agent', 'state', 't-toy-witness', 'idle')).agent;
  for (const name of ['lib', 'other']) fs.mkdirSync(path.join(folder, name, '.beads'), { recursive: true });
  for (const name of ['lib', 'other']) fs.writeFileSync(path.join(folder, name, '.beads', 'issues.jsonl'), '');
  await bd.json('repo', 'add', 'lib');
  await bd.json('backup', 'init', 'backups');
  await bd.json('backup', 'sync');
  const bead = { id: 't-more', title: 'x', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
  fs.writeFileSync(path.join(folder, 'more.jsonl'), `${JSON.stringify(bead)}\n`);
  fs.writeFileSync(path.join(folder, 'beads.md'), '## From Markdown\n\nIts text.\n');
  fs.writeFileSync(path.join(folder, 'beads.jsonl'), '{"title":"From JSON"}\n');
  fs.writeFileSync(path.join(folder, 'plan.json'), '{"nodes":[{"key":"a","title":"From a plan"}]}');
  fs.writeFileSync(path.join(folder, 'ids.txt'), 't-spare\n');
  fs.writeFileSync(path.join(folder, 'batch.txt'), `update t-open priority=1\nclose t-spare done\n`);
  return { folder, ids };
}

describe('every command of bd', function () {
  this.timeout(300_000);
  let commands: CliCommand[];
  let folder: string;
  let ids: Record<string, string>;

  before(async () => {
    commands = await commandsOfBd();
    ({ folder, ids } = await furnished());
  });

  const filled = (words: string): string[] =>
    words
      .split(' ')
      .filter(Boolean)
      .map((word) => (word.startsWith('$') ? ids[word.slice(1)]! : word));
  const callOf = (name: string): string => calls[name] ?? refused[name]?.[0] ?? '';
  const wordsOf = (name: string): string[] => [...name.split(' '), ...filled(callOf(name))];
  const fileOf = (cwd: string): string => fs.readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8');

  const commandAt = (name: string): CliCommand => commands.find((command) => nameOf(command) === name)!;

  /** A folder like the one with the ledger, to change. */
  const copied = (): BdRunner => {
    const copy = path.join(tempDir('sweep'), 'project');
    fs.cpSync(folder, copy, { recursive: true });
    return BdRunner.at(copy);
  };

  it('is in the list of calls, and no other', () => {
    assert.deepEqual([...Object.keys(calls), ...Object.keys(refused), 'audit'].sort(), commands.map(nameOf).sort());
  });

  it('answers with one JSON document, nothing else on standard output', async () => {
    const wrong: string[] = [];
    for (const name of Object.keys(calls)) {
      const bd = copied();
      if (name === 'worktree remove') await bd.json('worktree', 'create', 'old');
      const { code, out, err } = await bd.run(...wordsOf(name), '--json');
      if (code !== Number(finds.has(name)) || (!texts.has(name) && !isJsonAnswer(name, out)))
        wrong.push(`${name}: ${code} ${out} ${err}`);
    }
    assert.equal(wrong.join('\n'), '');
  });

  it('is refused with a JSON error that says why and what to do', async () => {
    const bd = copied();
    for (const [name, [, reason]] of Object.entries(refused)) {
      const { error, hint } = refusal(await bd.run(...wordsOf(name), '--json'));
      assert.match(error ?? '', reason, name);
      assert.ok(hint, name);
    }
  });

  it('works where a line of the ledger is broken, and keeps that line', async () => {
    const wrong: string[] = [];
    const line = '{"id":"t-broken","title":';
    for (const name of Object.keys(calls)) {
      const bd = copied();
      fs.appendFileSync(path.join(bd.cwd, '.beads', 'issues.jsonl'), `${line}\n`);
      if (name === 'worktree remove') await bd.json('worktree', 'create', 'old');
      const { code, out, err } = await bd.run(...wordsOf(name), '--json');
      const wanted = Number(name === 'doctor' || finds.has(name));
      if (code !== wanted || (!texts.has(name) && !isJsonAnswer(name, out)))
        wrong.push(`${name}: ${code} ${out} ${err}`);
      if (!fileOf(bd.cwd).includes(line)) wrong.push(`${name}: the line is gone`);
    }
    assert.equal(wrong.join('\n'), '');
  });

  it('changes no file with --dry-run', async () => {
    const has = (command: CliCommand, key: string): boolean => command.options.some((option) => option.key === key);
    const wrong: string[] = [];
    const tried: string[] = [];
    for (const command of commands.filter((each) => has(each, 'dryRun'))) {
      const name = nameOf(command);
      // Some commands write only if they are forced to, or have other forms.
      for (const more of ['', ...(has(command, 'force') ? ['--force'] : []), ...(otherForms[name] ?? [])]) {
        const bd = copied();
        const before = snapshot(bd.cwd);
        const words = otherForms[name]?.includes(more) ? name.split(' ') : wordsOf(name);
        const { code, out, err } = await bd.run(...words, ...filled(more), '--dry-run', '--json');
        tried.push(name);
        const changed = [...snapshot(bd.cwd)].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);
        if (changed.length > 0) wrong.push(`${name} ${more}: ${changed.join(', ')}`);
        if (code !== 0 && !/"error"/.test(err)) wrong.push(`${name} ${more}: ${code} ${out} ${err}`);
      }
    }
    assert.equal(wrong.join('\n'), '');
    assert.ok(tried.length > 25, tried.join(', '));
  });

  it('works in an empty ledger, or says what is missing', async () => {
    const folder = path.join(tempDir('empty'), 'p');
    fs.mkdirSync(folder);
    const bd = await BdRunner.inFolder(folder, 't');
    const wrong: string[] = [];
    for (const name of Object.keys(calls)) {
      const needsMore = commandAt(name).arguments.some((argument) => argument.required) || needsBeads.has(name);
      const answer = await bd.run(...wordsOf(name), '--json');
      const isRight =
        answer.code === 0
          ? texts.has(name) || (isJsonAnswer(name, answer.out) && answer.out.trim() !== 'null')
          : needsMore && (refusal(answer).error !== undefined || name === 'kv get');
      if (!isRight) wrong.push(`${name}: ${answer.code} ${answer.out} ${answer.err}`);
    }
    assert.equal(wrong.join('\n'), '');
  });

  it('outside of a ledger says so, unless it needs none', async () => {
    const bd = BdRunner.without();
    const wrong: string[] = [];
    for (const name of [...Object.keys(calls), ...Object.keys(refused)]) {
      if (name === 'init') continue;
      const answer = await bd.run(...wordsOf(name), '--json');
      const { error } = refusal(answer);
      const isRight = needsNoLedger.has(name) ? answer.code === 0 : error !== undefined;
      if (!isRight) wrong.push(`${name}: ${answer.code} ${answer.out.slice(0, 100)} ${answer.err}`);
    }
    assert.equal(wrong.join('\n'), '');
    assert.deepEqual(fs.readdirSync(bd.cwd), []);
  });

  describe('with bad input', () => {
    let bd: BdRunner;
    let unchanged: string;
    let wrong: string[];

    before(() => {
      bd = copied();
      unchanged = fileOf(bd.cwd);
    });

    beforeEach(() => {
      wrong = [];
    });

    afterEach(() => {
      assert.equal(fileOf(bd.cwd), unchanged, 'no bead is changed');
    });

    async function expectError(words: readonly string[], wanted: RegExp): Promise<void> {
      const answer = await bd.run(...words, '--json');
      const { error } = refusal(answer);
      if (error === undefined || !wanted.test(error))
        wrong.push(`${words.join(' ')}: ${answer.code} ${answer.out.slice(0, 100).replace(/\s+/g, ' ')} ${answer.err}`);
    }

    it('an unknown option is named', async () => {
      for (const name of commands.map(nameOf))
        await expectError([...name.split(' '), '--no-such-option'], /unknown flag: --no-such-option/);
      assert.equal(wrong.join('\n'), '');
    });

    it('a missing argument is named', async () => {
      for (const command of commands) {
        const required = command.arguments.filter((argument) => argument.required);
        const given = filled(callOf(nameOf(command))).filter((word) => !word.startsWith('-'));
        for (const [index, argument] of required.entries())
          await expectError([...nameOf(command).split(' '), ...given.slice(0, index)], new RegExp(argument.name));
      }
      assert.equal(wrong.join('\n'), '');
    });

    it('an unknown bead is named', async () => {
      for (const name of commands.map(nameOf)) {
        const words = callOf(name).split(' ');
        for (const [index, word] of words.entries())
          if (word.startsWith('$') && !isFree(name, word)) {
            const others = filled(words.map((other, at) => (at === index ? 't-none9' : other)).join(' '));
            await expectError([...name.split(' '), ...others], name in refused ? /./ : /t-none9/);
          }
      }
      assert.equal(wrong.join('\n'), '');
    });

    it('a value that an option does not take is refused', async () => {
      for (const command of commands)
        for (const option of command.options) {
          if (option.value !== 'required' || option.hidden || isFree(nameOf(command), option.key)) continue;
          await expectError([...wordsOf(nameOf(command)), option.long, 'no/such'], /./);
        }
      assert.equal(wrong.join('\n'), '');
    });
  });
});

function isFree(command: string, key: string): boolean {
  return freeTexts.has(key) || freeTexts.has(`${command} ${key}`);
}

/** An error as JSON on standard error and nothing else; empty where it is none. */
function refusal({ code, out, err }: { code: number; out: string; err: string }): { error?: string; hint?: string } {
  if (code === 0 || out !== '' || !isJson(err)) return {};
  return JSON.parse(err) as { error: string };
}

/** `export` answers with JSON lines, a hook of git with nothing. */
function isJsonAnswer(name: string, out: string): boolean {
  if (name === 'export') return out.split('\n').filter(Boolean).every(isJson);
  return name === 'hooks run' ? out === '' : isJson(out);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
