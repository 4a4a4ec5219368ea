import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CliTown } from '../helpers/cliTown';
import { makeRepository, tempDir } from '../helpers/temp';
import { middle, timed, type Row } from './measure';

const subject = 'landing';
const RUNS = 5;
const RATIO = 2;
const LIMIT_MS = 60_000;
const LOOK_MS = 5;

/** One bead from sling to merged, beside the git commands alone that somebody would type for the same. */
export async function landing(): Promise<Row[]> {
  const town = await CliTown.make();
  const bare = new BareGit();
  try {
    await town.gt('up');
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let run = 0; run <= RUNS; run += 1) {
      const bead = await town.bead(`Bead ${run}`, `echo ${run} > f${run}.txt\ngit add --all\ngit commit --quiet -m x`);
      ours.push(await timed(() => slung(town, bead)));
      theirs.push(await timed(() => bare.land(run)));
      bare.cleanUp(run);
    }
    // The first of each is never like the others: the session host starts with it.
    const [town1, git1] = [middle(ours.slice(1)), middle(theirs.slice(1))];
    return [
      { subject, what: 'the git commands alone', note: 'fetch, worktree, commit, rebase, gate, push', median: git1 },
      {
        subject,
        what: 'sling → merged',
        note: 'script runtime, gate "true"',
        median: town1,
        ratio: { to: 'git alone', value: town1 / git1 },
        goal: { ratio: RATIO },
      },
    ];
  } finally {
    await town.dispose();
  }
}

async function slung(town: CliTown, bead: string): Promise<void> {
  await town.gt('sling', bead, 'toy');
  const journal = path.join(town.root, 'toy', '.beads', 'events.jsonl');
  const deadline = Date.now() + LIMIT_MS;
  while (
    !fs
      .readFileSync(journal, 'utf8')
      .split('\n')
      .some((line) => line.includes(bead) && line.includes('"merged"'))
  ) {
    if (Date.now() > deadline) throw new Error(`${bead} was not merged in time`);
    await setTimeout(LOOK_MS);
  }
}

/** The same path by hand: a worktree for the author, one for the queue, a gate in a clean tree, a compare-and-set push. */
class BareGit {
  private readonly source = makeRepository({ 'README.md': '# toy\n' });
  private readonly folder = tempDir('bare');
  private readonly repository = path.join(this.folder, 'repo.git');

  constructor() {
    this.git(this.folder, 'clone', '--quiet', '--bare', this.source, this.repository);
    this.git(this.repository, 'config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
    this.git(this.repository, 'worktree', 'add', '--quiet', '--detach', path.join(this.folder, 'queue'), 'main');
    this.git(this.repository, 'push', '--quiet', 'origin', 'main:refs/heads/gastown/main');
    this.git(this.repository, 'fetch', '--quiet', 'origin');
  }

  land(run: number): void {
    const work = path.join(this.folder, `work${run}`);
    const queue = path.join(this.folder, 'queue');
    const target = 'refs/remotes/origin/gastown/main';
    this.git(this.repository, 'fetch', '--quiet', 'origin');
    this.git(this.repository, 'worktree', 'add', '--quiet', '-b', `work${run}`, work, target);
    fs.writeFileSync(path.join(work, `f${run}.txt`), `${run}\n`);
    this.git(work, 'add', '--all');
    this.git(work, 'commit', '--quiet', '-m', 'x');
    this.git(work, 'status', '--porcelain');
    this.git(this.repository, 'fetch', '--quiet', 'origin');
    const expected = this.git(this.repository, 'rev-parse', target);
    this.git(queue, 'checkout', '--quiet', '--force', '--detach', `work${run}`);
    this.git(queue, 'rebase', '--quiet', target);
    this.git(queue, 'clean', '-ffdx', '--quiet');
    execFileSync('/bin/sh', ['-c', 'true'], { cwd: queue });
    this.git(
      queue,
      'push',
      '--quiet',
      `--force-with-lease=refs/heads/gastown/main:${expected}`,
      'origin',
      'HEAD:refs/heads/gastown/main',
    );
  }

  /** Not a part of what is compared: the town, too, does it when the bead is merged already. */
  cleanUp(run: number): void {
    this.git(this.repository, 'worktree', 'remove', '--force', path.join(this.folder, `work${run}`));
    this.git(this.repository, 'branch', '--quiet', '-D', `work${run}`);
  }

  private git(cwd: string, ...args: string[]): string {
    const who = {
      GIT_AUTHOR_NAME: 'Ann',
      GIT_AUTHOR_EMAIL: 'ann@example.org',
      GIT_COMMITTER_NAME: 'Ann',
      GIT_COMMITTER_EMAIL: 'ann@example.org',
    };
    return execFileSync('git', args, {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, ...who },
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }
}
