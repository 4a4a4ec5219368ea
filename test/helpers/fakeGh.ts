import fs from 'node:fs';
import path from 'node:path';
import { sh, tempDir } from './temp';

/** A pull request as the stand-in of gh keeps it. Tests change it to do what people and checks do. */
export interface FakePull {
  number: number;
  head: string;
  base: string;
  title: string;
  body: string;
  state: 'OPEN' | 'MERGED' | 'CLOSED';
  mergeCommit?: { oid: string };
  /** `mergeStateStatus`, where the branches do not say it. */
  blocked?: boolean;
  reviews: { author: { login: string }; body: string; state: string; commit: { oid: string } }[];
  remarks: { path: string; line: number; body: string; commit_id: string; user: { login: string } }[];
  checks: object[];
  closedWith?: string;
}

interface FakeState {
  pulls: FakePull[];
  /** Command lines. */
  calls: string[];
  loggedIn: boolean;
  /** A process that dies when the next pull request has been made, before it hears of it. */
  kills?: number;
}

/**
 * The program behind `gh`: pull requests of one bare repository on this disk, which it merges into as GitHub does. Written by
 * hand after the manual of gh (`gh pr --help`); only what the product calls is here.
 */
const PROGRAM = String.raw`
const fs = require('node:fs');
const { execFileSync } = require('node:child_process');
const [file, origin] = __PLACES__;
const state = JSON.parse(fs.readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
state.calls.push(args.join(' '));
const save = () => { fs.writeFileSync(file + '.new', JSON.stringify(state)); fs.renameSync(file + '.new', file); };
save();
const fail = (text, code = 1) => { process.stderr.write(text + '\n'); process.exit(code); };
if (!state.loggedIn) fail('To get started with GitHub CLI, please run:  gh auth login', 4);
const git = (...command) => execFileSync('git', ['--git-dir', origin, ...command], { encoding: 'utf8' }).trim();
const tip = (branch) => { try { return git('rev-parse', '--verify', '--quiet', 'refs/heads/' + branch); } catch { return undefined; } };
const option = (name) => args.find((arg) => arg.startsWith('--' + name + '='))?.slice(name.length + 3);
const [group, command, number] = args;
const pull = state.pulls.find((one) => one.number === Number(number));
if (group === 'api') {
  const [, of] = /pulls\/(\d+)\/comments/.exec(args.join(' '));
  process.stdout.write(JSON.stringify(state.pulls.find((one) => one.number === Number(of)).remarks));
} else if (command === 'list') {
  const found = state.pulls.filter((one) => one.head === option('head') && (option('base') ?? one.base) === one.base && one.state === option('state').toUpperCase()).reverse();
  process.stdout.write(JSON.stringify(found.slice(0, Number(option('limit'))).map((one) => ({ number: one.number, url: 'https://github.test/acme/toy/pull/' + one.number }))));
} else if (command === 'create') {
  const body = fs.readFileSync(0, 'utf8');
  const made = { number: state.pulls.length + 1, head: option('head'), base: option('base'), title: option('title'), body, state: 'OPEN', reviews: [], remarks: [], checks: [] };
  state.pulls.push(made);
  const { kills } = state;
  delete state.kills;
  save();
  if (kills) process.kill(kills, 'SIGKILL');
  process.stdout.write('https://github.test/acme/toy/pull/' + made.number + '\n');
} else if (command === 'view') {
  const head = tip(pull.head) ?? pull.last;
  const isOnTip = tip(pull.head) !== undefined && git('merge-base', pull.base, head) === tip(pull.base);
  process.stdout.write(JSON.stringify({
    state: pull.state, headRefOid: head, mergeCommit: pull.mergeCommit ?? null, reviewDecision: '', reviews: pull.reviews, statusCheckRollup: pull.checks,
    mergeStateStatus: pull.blocked ? 'BLOCKED' : isOnTip ? 'CLEAN' : 'BEHIND',
  }));
} else if (command === 'merge') {
  const head = tip(pull.head);
  if (option('match-head-commit') !== head) fail('GraphQL: Head branch was modified. Review and try the merge again. (mergePullRequest)');
  const tree = git('rev-parse', head + '^{tree}');
  const message = git('log', '-1', '--format=%B', head);
  const author = git('log', '-1', '--format=%an', head);
  const merged = execFileSync('git', ['--git-dir', origin, 'commit-tree', tree, '-p', tip(pull.base), ...(args.includes('--merge') ? ['-p', head] : []), '-m', message], {
    encoding: 'utf8', env: { ...process.env, GIT_AUTHOR_NAME: author, GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'GitHub', GIT_COMMITTER_EMAIL: 'noreply@github.test' },
  }).trim();
  git('update-ref', 'refs/heads/' + pull.base, merged);
  Object.assign(pull, { state: 'MERGED', mergeCommit: { oid: merged }, last: head });
  save();
} else if (command === 'close') {
  Object.assign(pull, { state: 'CLOSED', closedWith: option('comment'), last: tip(pull.head) });
  save();
} else fail('unknown command ' + args.join(' '));
`;

/** A folder with a program `gh` in it, for the front of PATH. */
export class FakeGh {
  readonly folder = tempDir('gh');
  private readonly file = path.join(this.folder, 'state.json');

  /** @param origin the bare repository that is "at GitHub" */
  constructor(readonly origin: string) {
    this.write({ pulls: [], calls: [], loggedIn: true });
    const program = path.join(this.folder, 'program.cjs');
    fs.writeFileSync(program, PROGRAM.replace('__PLACES__', JSON.stringify([this.file, origin])));
    fs.writeFileSync(path.join(this.folder, 'gh'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
      mode: 0o755,
    });
  }

  get state(): FakeState {
    return JSON.parse(fs.readFileSync(this.file, 'utf8')) as FakeState;
  }

  get pulls(): FakePull[] {
    return this.state.pulls;
  }

  /** Called between two calls of the program, which reads and writes the whole file. */
  change(changes: (state: FakeState) => void): void {
    const state = this.state;
    changes(state);
    this.write(state);
  }

  /** Tip of a branch at the provider. */
  tip(branch: string): string {
    return sh(this.origin, 'git', 'rev-parse', `refs/heads/${branch}`);
  }

  private write(state: FakeState): void {
    fs.writeFileSync(`${this.file}.test`, JSON.stringify(state));
    fs.renameSync(`${this.file}.test`, this.file);
  }
}
