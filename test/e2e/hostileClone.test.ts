import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { initLedger } from '../../server/src/beads/storage/init';
import { fastForward, fastForwardState } from '../../server/src/git/fastForward';
import { RigRepository } from '../../server/src/git/repository';
import { inspectSource } from '../../server/src/git/source';
import { updateSubmodules } from '../../server/src/git/submodules';
import { ensureWorktree } from '../../server/src/git/worktree';
import { CliTown, Person, type CliResult } from '../helpers/cliTown';
import { commitFiles, makeRepository, sh, tempDir } from '../helpers/temp';

/*
 * A stranger's repository and a copied town, with everything in them that could make the product read or write outside of
 * them, or run a program. Around each case: what lies outside is byte for byte what it was, none of it is in what was printed
 * or written, and no program of the clone has left its mark.
 */

const CANARY = 'canary-7d1f';
const bead = (id: string, title: string): string =>
  `${JSON.stringify({ id, title, status: 'open', priority: 2, issue_type: 'task', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' })}\n`;
const SHELL_TITLE = '$(touch pwned); `touch pwned`; exec sh';

describe('a hostile clone', function () {
  this.timeout(120_000);
  const person = new Person();
  const outside = path.join(person.home, 'outside');
  const marks = path.join(person.home, 'marks');
  let clone: string;
  let number = 0;
  let earlier: string;

  const at = (...names: string[]): string => path.join(clone, ...names);
  const beads = (...names: string[]): string => at('.beads', ...names);

  setUp();
  function setUp(): void {
    fs.mkdirSync(outside);
    fs.mkdirSync(marks);
    fs.writeFileSync(path.join(outside, 'victim.sh'), `#!/bin/sh\n# ${CANARY}\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(outside, 'victim.toml'), `formula = "x"\ndescription = "${CANARY}"\nversion = 1\n`);
    fs.mkdirSync(path.join(outside, 'folder'));
    initLedger(path.join(outside, '.beads'), 'mine');
    fs.writeFileSync(path.join(outside, '.beads', 'issues.jsonl'), bead('mine-1', CANARY));
    fs.writeFileSync(path.join(person.home, 'trap.sh'), `#!/bin/sh\necho "$0 $*" > "${marks}/$$"\ncat 2>/dev/null\n`, {
      mode: 0o755,
    });
    makeRepository({ 'secret.txt': CANARY }, 'main', path.join(outside, 'private'));
  }

  /** Everything outside, by content, kind and mode. */
  function snapshot(): string {
    const hash = createHash('sha256');
    for (const entry of fs.readdirSync(outside, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const stat = fs.lstatSync(file);
      hash.update(`${file} ${stat.mode} ${stat.isFile() ? fs.readFileSync(file, 'hex') : ''}\n`);
    }
    return hash.digest('hex');
  }

  function filesBelow(folder: string): string[] {
    if (!fs.existsSync(folder)) return [];
    return fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => fs.statSync(file).size < 1_000_000);
  }

  beforeEach(() => {
    clone = path.join(person.home, `clone ${++number}`);
    makeRepository({ 'README.md': '# toy\n' }, 'main', clone);
    fs.mkdirSync(beads());
    fs.writeFileSync(beads('metadata.json'), '{"database":"beads.db","jsonl_export":"issues.jsonl"}');
    fs.writeFileSync(beads('issues.jsonl'), bead('toy-1', SHELL_TITLE));
    earlier = snapshot();
  });

  afterEach(() => {
    assert.equal(snapshot(), earlier, 'something outside was changed');
    assert.deepEqual(fs.readdirSync(marks), [], 'a program of the clone has run');
    for (const file of filesBelow(clone))
      assert.ok(!fs.readFileSync(file).includes(CANARY), `${file} has what was read outside`);
    assert.ok(!fs.existsSync(at('pwned')));
  });

  function check(result: CliResult): CliResult {
    assert.ok(!(result.stdout + result.stderr).includes(CANARY), 'what lies outside was printed');
    return result;
  }
  const bd = async (...args: string[]): Promise<CliResult> => check(await person.run('bd', args, { cwd: clone }));

  /** Puts a link where a file of the clone is or would be. */
  function link(name: string, target: string): void {
    fs.rmSync(at(name), { recursive: true, force: true });
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.symlinkSync(target, at(name));
  }

  describe('files of its ledger that are links', () => {
    const victim = '../../outside/victim.sh';
    /** `refused`: the command says which link it is. `ignored`: it works, and the link is replaced or not used. */
    const cases: readonly [name: string, target: string, expected: 'refused' | 'ignored'][] = [
      ['.beads/issues.jsonl', victim, 'refused'],
      ['.beads/issues.jsonl.tmp', victim, 'ignored'],
      ['.beads/journal.jsonl', victim, 'refused'],
      ['.beads/journal.jsonl.tmp', victim, 'ignored'],
      ['.beads/base.jsonl', victim, 'refused'],
      ['.beads/base.next.jsonl', victim, 'refused'],
      ['.beads/events.jsonl', victim, 'refused'],
      ['.beads/config.yaml', victim, 'refused'],
      ['.beads/metadata.json', victim, 'refused'],
      ['.beads/.gitignore', victim, 'refused'],
      ['.beads/.gitignore.tmp', victim, 'ignored'],
      ['.beads/redirect', victim, 'refused'],
      ['.beads/.lock', '../../outside/folder', 'refused'],
      ['.beads/.lock/.gitignore', '../../../outside/victim.sh', 'refused'],
      ['.beads/.lock/1', '../../../outside/victim.sh', 'ignored'],
      ['.beads/beads.db', victim, 'ignored'],
      ['.beads/issues.jsonl', '/dev/zero', 'refused'],
      ['.beads/issues.jsonl', '/proc/self/environ', 'refused'],
      ['.beads/journal.jsonl', '/dev/zero', 'refused'],
      ['.beads/config.yaml', '/dev/urandom', 'refused'],
      ['.beads', '../outside/.beads', 'refused'],
      ['.beads', '../outside/folder', 'ignored'],
      ['.beads', '/nowhere', 'ignored'],
    ];
    for (const [name, target, expected] of cases)
      it(`${name} -> ${target}`, async () => {
        link(name, target);
        const created = await bd('create', '--title=x');
        await bd('list', '--json');
        if (expected === 'refused') {
          assert.equal(created.code, 1, created.stdout);
          assert.match(created.stderr, /is a symbolic link to|points to .*, outside of/);
          assert.ok(created.stderr.includes(path.basename(name)), created.stderr);
        }
      });

    it('nothing outside is even opened, as strace sees it', async function () {
      if (spawnSync('strace', ['-V']).error) {
        console.log('      (skipped: there is no strace)');
        this.skip();
      }
      link('.beads/issues.jsonl.tmp', victim);
      link('.beads/journal.jsonl', victim);
      const log = path.join(person.home, 'strace.log');
      const args = [
        '-f',
        '-e',
        'trace=open,openat,openat2,rename,renameat2,unlink,unlinkat,truncate,link,linkat',
        '-o',
        log,
      ];
      const ended = spawnSync(
        'strace',
        [...args, process.execPath, path.resolve('dist/bd.js'), 'create', '--title=x'],
        {
          cwd: clone,
          env: person.env,
          encoding: 'utf8',
          timeout: 60_000,
        },
      );
      assert.match(ended.stderr, /journal\.jsonl: it is a symbolic link/);
      const seen = fs.readFileSync(log, 'utf8');
      assert.match(seen, /metadata\.json/, 'strace has seen the command');
      for (const text of seen
        .split('\n')
        .filter((entry) => entry.includes('outside') || entry.includes('journal.jsonl"')))
        assert.match(text, /= -1 E/, text);
      fs.rmSync(log);
    });
  });

  describe('files of its ledger that name others', () => {
    const metadata = (name: string): void =>
      fs.writeFileSync(beads('metadata.json'), JSON.stringify({ jsonl_export: name }));
    const cases: readonly [what: string, prepare: () => void][] = [
      ['metadata that names a file above', () => metadata('../../outside/victim.sh')],
      ['metadata that names an absolute file', () => metadata(path.join(outside, 'victim.sh'))],
      ['metadata that names the journal', () => metadata('journal.jsonl')],
      [
        'metadata that is a folder',
        () => {
          fs.rmSync(beads('metadata.json'));
          fs.mkdirSync(beads('metadata.json'));
        },
      ],
      ['a redirect to a ledger of the person', () => fs.writeFileSync(beads('redirect'), '../outside/.beads\n')],
      ['a redirect by an absolute path', () => fs.writeFileSync(beads('redirect'), `${outside}/.beads\n`)],
      ['a redirect to itself', () => fs.writeFileSync(beads('redirect'), '.beads\n')],
      [
        'a redirect by way of another one',
        () => {
          fs.mkdirSync(at('sub', '.beads'), { recursive: true });
          fs.writeFileSync(at('sub', '.beads', 'redirect'), '../../outside/.beads\n');
          fs.writeFileSync(beads('redirect'), 'sub/.beads\n');
        },
      ],
      ['a prefix with a path in it', () => fs.writeFileSync(beads('config.yaml'), 'issue-prefix: "../../outside/x"\n')],
      ['a config with __proto__', () => fs.writeFileSync(beads('config.yaml'), '__proto__: x\nissue-prefix: toy\n')],
      [
        'beads with __proto__ and paths as ids',
        () =>
          fs.writeFileSync(
            beads('issues.jsonl'),
            bead('../../outside/victim', 'x') + '{"__proto__":{"id":"toy-2"},"id":"toy-2"}\n',
          ),
      ],
    ];
    for (const [what, prepare] of cases)
      it(what, async () => {
        prepare();
        await bd('create', '--title=x');
        await bd('list');
        await bd('show', 'toy-1');
      });

    it('a redirect that is refused says where it leads and how to name that ledger', async () => {
      fs.writeFileSync(beads('redirect'), '../outside/.beads\n');
      const refused = await bd('create', '--title=x');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /redirect points to .*outside\/\.beads, outside of .*clone/);
      assert.match(refused.stderr, /bd --db .*outside\/\.beads/);
    });
  });

  describe('files that never end, block or are too large', () => {
    for (const name of [
      'issues.jsonl',
      'journal.jsonl',
      'base.jsonl',
      'config.yaml',
      'metadata.json',
      'redirect',
      '.gitignore',
    ])
      it(`a pipe as ${name}`, async () => {
        fs.rmSync(beads(name), { force: true });
        execFileSync('mkfifo', [beads(name)]);
        const created = await bd('create', '--title=x');
        assert.equal(created.code, 1);
        assert.match(created.stderr, new RegExp(`${name.replace('.', '\\.')}: it is not a regular file`));
      });

    for (const name of ['issues.jsonl', 'journal.jsonl', 'config.yaml'])
      it(`a file of a terabyte as ${name}`, async () => {
        fs.writeFileSync(beads(name), '');
        fs.truncateSync(beads(name), 2 ** 40);
        const created = await bd('create', '--title=x');
        assert.equal(created.code, 1);
        assert.match(created.stderr, /it is larger than 512 MB/);
      });
  });

  describe('formulas', () => {
    it('that are links to files of the person', async () => {
      link('.beads/formulas/x.formula.toml', '../../../outside/victim.toml');
      assert.match((await bd('formula', 'show', 'x')).stderr, /it is a symbolic link/);
      await bd('cook', 'x');
      await bd('formula', 'list', '--json');
    });
    it('in a folder that is a link', async () => {
      link('.beads/formulas', '../../outside');
      await bd('formula', 'list');
      await bd('cook', 'victim');
    });
    it('that are pipes', async () => {
      fs.mkdirSync(beads('formulas'));
      execFileSync('mkfifo', [beads('formulas', 'x.formula.toml')]);
      assert.match((await bd('cook', 'x')).stderr, /it is not a regular file/);
    });
    for (const name of ['../../../outside/victim', '/etc/passwd', '-x', '..', 'a/../../b'])
      it(`named ${name}`, async () => {
        assert.notEqual((await bd('cook', '--', name)).code, 0);
      });
  });

  describe('text', () => {
    const hostile = 'a\u202eb\u2066c\u009b31m\u001b]52;c;eA==\u0007\u200bd';
    const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/;
    for (const args of [
      ['list'],
      ['show', 'toy-2'],
      ['ready'],
      ['list', '--json'],
      ['show', 'toy-2', '--json'],
      ['export'],
    ])
      it(`that lies on a screen is written out by bd ${args.join(' ')}`, async () => {
        fs.appendFileSync(beads('issues.jsonl'), bead('toy-2', hostile));
        const { stdout, code } = await bd(...args);
        assert.equal(code, 0);
        assert.match(stdout, /toy-2/);
        assert.doesNotMatch(stdout, raw);
        if (args.includes('--json'))
          assert.ok(JSON.stringify(JSON.parse(stdout)).includes('\u202e'), 'the value is the same');
      });
    it('stays byte for byte what it was in the file', async () => {
      const line = bead('toy-2', hostile);
      fs.appendFileSync(beads('issues.jsonl'), line);
      await bd('create', '--title=x');
      assert.ok(fs.readFileSync(beads('issues.jsonl'), 'utf8').includes(line));
      await bd('export', '-o', 'copy.jsonl');
      assert.ok(fs.readFileSync(at('copy.jsonl'), 'utf8').includes(line));
    });
    it('of a title reaches no shell', async () => {
      await bd('list');
      await bd('update', 'toy-1', '--status', 'in_progress');
      await bd('close', 'toy-1', '--reason', SHELL_TITLE);
    });
  });

  describe('git', () => {
    const trap = (): string => path.join(person.home, 'trap.sh');
    const settings: readonly [name: string, lines: (command: string) => string][] = [
      ['filter', (command) => `[filter "e"]\n\tclean = ${command}\n\tsmudge = ${command}\n\trequired = true\n`],
      ['filter process', (command) => `[filter "e"]\n\tprocess = ${command}\n`],
      ['core.fsmonitor', (command) => `[core]\n\tfsmonitor = ${command}\n`],
      ['core.hooksPath', () => `[core]\n\thooksPath = .git/hooks\n`],
      [
        'core.sshCommand and remotes',
        (command) =>
          `[core]\n\tsshCommand = ${command}\n[remote "origin"]\n\turl = ssh://x/y\n\tuploadpack = ${command}\n`,
      ],
      [
        'core.pager, core.editor, core.askPass',
        (command) => `[core]\n\tpager = ${command}\n\teditor = ${command}\n\taskPass = ${command}\n`,
      ],
      [
        'diff and merge drivers',
        (command) =>
          `[diff "e"]\n\ttextconv = ${command}\n\tcommand = ${command}\n[merge "e"]\n\tdriver = ${command}\n[diff]\n\texternal = ${command}\n`,
      ],
      ['aliases', (command) => `[alias]\n\tstatus = !${command}\n\tfetch = !${command}\n\tls-remote = !${command}\n`],
      ['credential.helper', (command) => `[credential]\n\thelper = !${command}\n`],
      ['gpg.program', (command) => `[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = ${command}\n`],
      ['core.alternateRefsCommand', (command) => `[core]\n\talternateRefsCommand = ${command}\n`],
      ['uploadpack.packObjectsHook', (command) => `[uploadpack]\n\tpackObjectsHook = ${command}\n`],
      ['an include', () => `[include]\n\tpath = ../included\n`],
      ['a conditional include', () => `[includeIf "gitdir:**"]\n\tpath = ../included\n`],
      ['core.worktree', () => `[core]\n\tworktree = ${outside}\n`],
      [
        'core.excludesFile and core.attributesFile',
        () => `[core]\n\texcludesFile = /dev/zero\n\tattributesFile = /dev/zero\n`,
      ],
      ['url.insteadOf', (command) => `[url "ext::${command} "]\n\tinsteadOf = /\n[protocol "ext"]\n\tallow = always\n`],
    ];

    /** All that the server does with a rig made from the folder, without a server. */
    async function useAsRig(): Promise<void> {
      const source = await inspectSource(clone);
      assert.equal(source.location, clone);
      const repository = new RigRepository(path.join(tempDir('town'), '.repo.git'), source);
      await repository.create();
      const tip = (await repository.tip())!;
      const worktree = path.join(path.dirname(repository.directory), 'worktree');
      await ensureWorktree(repository, worktree, 'polecat/x', tip);
      fs.writeFileSync(path.join(worktree, 'new.txt'), 'new\n');
      sh(worktree, 'git', '-c', 'core.hooksPath=/dev/null', 'add', '--all');
      sh(worktree, 'git', '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'new');
      assert.equal(await repository.push(sh(worktree, 'git', 'rev-parse', 'HEAD'), undefined), true);
      await repository.fetchMoved();
      assert.equal((await fastForwardState(repository))?.commits, 1);
      await fastForward(repository);
      assert.equal(fs.readFileSync(at('new.txt'), 'utf8'), 'new\n');
    }

    for (const [name, lines] of settings)
      it(`settings: ${name}`, async () => {
        fs.rmSync(at('.beads'), { recursive: true });
        commitFiles(clone, { '.gitattributes': '* filter=e diff=e merge=e\n', 'a.txt': 'a\n' }, 'Attributes');
        for (const hook of [
          'pre-receive',
          'update',
          'post-receive',
          'post-update',
          'reference-transaction',
          'post-checkout',
          'post-merge',
          'pre-commit',
          'post-index-change',
          'fsmonitor-watchman',
        ])
          fs.copyFileSync(trap(), at('.git', 'hooks', hook));
        fs.writeFileSync(at('.git', 'info', 'exclude'), 'included\n');
        fs.writeFileSync(at('included'), `[filter "e"]\n\tclean = ${trap()}\n[core]\n\tfsmonitor = ${trap()}\n`);
        fs.appendFileSync(at('.git', 'config'), lines(trap()));
        await useAsRig();
      });

    for (const url of [
      'ext::sh -c "touch pwned"',
      '../outside/private',
      '__OUTSIDE__/private',
      'file://__OUTSIDE__/private',
      '-u./trap.sh',
      '--upload-pack=touch pwned',
    ])
      it(`a submodule at ${url}`, async () => {
        fs.rmSync(at('.beads'), { recursive: true });
        const commit = sh(path.join(outside, 'private'), 'git', 'rev-parse', 'HEAD');
        const address = url.replace('__OUTSIDE__', outside);
        fs.writeFileSync(at('.gitmodules'), `[submodule "s"]\n\tpath = s\n\turl = ${address}\n\tupdate = !${trap()}\n`);
        sh(clone, 'git', 'update-index', '--add', '--cacheinfo', `160000,${commit},s`);
        sh(clone, 'git', 'add', '.gitmodules');
        sh(clone, 'git', 'commit', '--quiet', '-m', 'Submodule');
        const repository = new RigRepository(path.join(tempDir('town'), '.repo.git'), await inspectSource(clone));
        await repository.create();
        const worktree = path.join(path.dirname(repository.directory), 'worktree');
        await ensureWorktree(repository, worktree, 'polecat/x', (await repository.tip())!).catch(() => undefined);
        await assert.rejects(updateSubmodules(repository, worktree));
        assert.equal(
          fs.existsSync(path.join(worktree, 's', 'secret.txt')),
          false,
          'a repository of the person was read',
        );
      });
  });

  describe('in a town', () => {
    let town: CliTown;
    before(async () => {
      town = await CliTown.make({ person });
    });
    after(async () => town.dispose());
    const gt = async (...args: string[]): Promise<CliResult> => check(await person.run('gt', args, { cwd: town.root }));

    for (const source of [
      'ext::sh -c "touch pwned"',
      '--upload-pack=touch pwned',
      '-oProxyCommand=touch pwned',
      'ssh://-oProxyCommand=touch%20pwned/x',
      'fd::17',
    ])
      it(`gt rig add from ${source}`, async () => {
        assert.notEqual((await gt('rig', 'add', '--yes', '--', 'evil', source)).code, 0);
      });
    for (const name of ['..', '.', '-x', 'a/b', '../x', 'a\nb', '.beads', 'HQ', 'mayor'])
      it(`gt rig add as ${JSON.stringify(name)}`, async () => {
        fs.rmSync(at('.beads'), { recursive: true });
        assert.notEqual((await gt('rig', 'add', '--yes', '--', name, clone)).code, 0);
      });

    for (const [name, target] of [
      ['settings/config.json', 'victim.sh'],
      ['settings/agents.json', 'victim.sh'],
      ['toy/settings/config.json', 'victim.sh'],
      ['toy/.beads', '.beads'],
      ['toy/polecats', 'folder'],
      ['daemon/daemon.log', 'victim.sh'],
      ['.runtime', 'folder'],
      ['mayor', 'folder'],
    ] as const)
      it(`a copied town whose ${name} is a link`, async () => {
        const copy = path.join(clone, 'town');
        fs.cpSync(town.root, copy, {
          recursive: true,
          verbatimSymlinks: true,
          filter: (file) => !file.endsWith('.sock'),
        });
        fs.rmSync(path.join(copy, name), { recursive: true, force: true });
        fs.symlinkSync(path.join(outside, target), path.join(copy, name));
        const stranger = { ...process.env, ...person.env, XDG_CONFIG_HOME: path.join(person.home, `config ${number}`) };
        const run = (args: string[]): Promise<CliResult> => person.run('gt', args, { cwd: copy, env: stranger });
        check(await run(['install', copy]));
        check(await run(['status']));
        check(await run(['up']));
        check(await run(['shutdown']));
      });
  });
});
