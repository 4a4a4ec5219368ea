import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { ConvoyInfo } from '../../server/src/protocol/town';
import { CliTown, Person } from '../helpers/cliTown';
import { makeRepository, sh, tempDir } from '../helpers/temp';

const HOOKS = [
  'pre-commit',
  'commit-msg',
  'prepare-commit-msg',
  'post-checkout',
  'post-commit',
  'post-index-change',
  'pre-push',
  'pre-rebase',
  'reference-transaction',
];

/** What people set for their own git. All of it at once: each of them has broken some tool. */
const habits = (home: string): string => `[commit]
	gpgsign = true
	verbose = true
	cleanup = scissors
	status = false
[tag]
	gpgsign = true
[core]
	editor = false
	pager = false
	hooksPath = ${home}/hooks
	autocrlf = true
	abbrev = 4
	quotepath = true
	commentChar = auto
	fsmonitor = true
	untrackedCache = true
	excludesFile = ${home}/ignore
	attributesFile = ${home}/attributes
	sharedRepository = group
	logAllRefUpdates = false
	symlinks = false
	ignoreCase = true
	precomposeunicode = true
[user]
	useConfigOnly = true
[rebase]
	autosquash = true
	updateRefs = true
	autostash = true
	abbreviateCommands = true
	missingCommitsCheck = error
[merge]
	ff = only
	conflictStyle = diff3
	renames = false
	verifySignatures = true
[diff]
	noprefix = true
	mnemonicPrefix = true
	external = false
	renames = copies
	context = 0
	algorithm = patience
	wsErrorHighlight = all
	submodule = log
	ignoreSubmodules = all
[color]
	ui = always
	diff = always
	branch = always
	status = always
[log]
	showSignature = true
	date = iso
	decorate = full
	follow = true
	mailmap = true
[format]
	pretty = fuller
[status]
	showUntrackedFiles = no
	short = true
	branch = true
	relativePaths = false
[push]
	default = nothing
	gpgSign = if-asked
	followTags = true
	recurseSubmodules = check
[pull]
	rebase = interactive
	ff = only
[fetch]
	prune = true
	pruneTags = true
	fsckObjects = true
	recurseSubmodules = true
	parallel = 2
	writeCommitGraph = true
[transfer]
	fsckObjects = true
[submodule]
	recurse = true
[index]
	version = 4
	threads = true
[feature]
	manyFiles = true
[column]
	ui = always
[help]
	autocorrect = immediate
[i18n]
	commitEncoding = iso-8859-1
	logOutputEncoding = iso-8859-1
[branch]
	autoSetupMerge = always
	autoSetupRebase = always
	sort = -committerdate
[checkout]
	defaultRemote = upstream
	guess = false
	workers = 2
[clean]
	requireForce = true
[protocol]
	version = 0
[gc]
	auto = 1
[init]
	defaultBranch = trunk
	templateDir = ${home}/template
[advice]
	detachedHead = true
[clone]
	defaultRemoteName = upstream
	rejectShallow = true
[remote]
	pushDefault = nowhere
[receive]
	denyNonFastForwards = true
	denyDeletes = true
[safe]
	bareRepository = explicit
[extensions]
	worktreeConfig = true
[url "https://mirror.invalid/"]
	insteadOf = https://example.org/
[trailer]
	ifexists = addIfDifferent
[versionsort]
	suffix = -rc
[grep]
	lineNumber = true
[apply]
	whitespace = error-all
[alias]
	rev-parse = "!false"
	status = "!false"
	commit = "!false"
[pager]
	log = true
	diff = true
	status = true
[interactive]
	singleKey = true
`;

describe("a person's own git settings", function () {
  this.timeout(240_000);
  let town: CliTown | undefined;
  afterEach(async () => town?.dispose());

  for (const [where, file] of [
    ['of the person', (person: Person) => path.join(person.home, '.gitconfig')],
    ['of the project', (_: Person, project: string) => path.join(project, '.git', 'config')],
  ] as const)
    it(`do not change what lands: ${where}`, async () => {
      const person = new Person();
      const project = makeRepository({ 'README.md': '# toy\n', 'ö.md': 'x\n' }, 'main', path.join(person.home, 'toy'));
      for (const hook of HOOKS) {
        fs.mkdirSync(path.join(person.home, 'hooks'), { recursive: true });
        fs.writeFileSync(path.join(person.home, 'hooks', hook), `#!/bin/sh\necho ${hook} >> ~/ran\nexit 1\n`, {
          mode: 0o755,
        });
      }
      fs.writeFileSync(path.join(person.home, 'ignore'), '*.log\n');
      fs.writeFileSync(path.join(person.home, 'attributes'), '*.md text eol=crlf\n');
      fs.appendFileSync(file(person, project), habits(person.home));
      town = await CliTown.make({ person, project, gates: ['test=! git status --porcelain | grep .'] });
      const one = await town.bead('Ünicode — one', 'printf "one\\n" > one.md\nmkdir -p d\necho 2 > "d/ü x.md"');
      const two = await town.bead(
        'Two',
        'for n in 1 2; do echo $n > two$n.md; git add . ; git commit -q -m "Zwei: ö $n" -m "Why — $n" -s; done',
        one,
      );
      const convoy = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Both', one, two], {
        cwd: town.root,
      });
      await town.gt('up');
      await town.convoyLands(convoy.id);
      const fresh = path.join(tempDir('clone'), 'fresh');
      sh(person.home, 'git', 'clone', '--quiet', '--no-local', '--branch', 'gastown/main', project, fresh);
      const messages = sh(fresh, 'git', 'log', '-2', '--format=%B').split('\n');
      for (const line of ['Ünicode — one', 'Two', 'Why — 1', 'Why — 2'])
        assert.ok(
          messages.some((message) => message.includes(line)),
          `${line} is not in ${messages.join('|')}`,
        );
      assert.equal(sh(fresh, 'git', 'show', 'HEAD:one.md'), 'one');
      assert.equal(
        sh(fresh, 'git', '-c', 'core.quotePath=false', 'ls-files'),
        ['README.md', 'd/ü x.md', 'one.md', 'two1.md', 'two2.md', 'ö.md'].join('\n'),
      );
      assert.ok(!fs.existsSync(path.join(person.home, 'ran')), 'a hook of the person ran');
    });
});
