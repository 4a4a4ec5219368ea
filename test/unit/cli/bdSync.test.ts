import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { syncBranch, type SyncedLedger, type SyncGit } from '../../../server/src/beads/sync/syncBranch';
import { changeBetween, mergeVersion } from '../../../server/src/beads/sync/mergeVersion';
import { parseLedgerText } from '../../../server/src/beads/storage/ledgerText';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { repositoryAround, syncGit } from '../../../server/src/cli/bd/syncGit';
import type { Bead } from '../../../server/src/protocol/bead';
import type { SyncResult } from '../../../server/src/beads/sync/syncBranch';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';
import { BdRunner } from './bdRunner';

const BRANCH = 'beads-sync';
/** Which steps of a sync are interrupted: all of them only where there is time. */
const EVERY = process.env.GASTOWN_SOAK ? 1 : 4;

/** A bare repository with one commit of a project, and clones of it. */
class Remote {
  readonly folder = path.join(tempDir('sync'), 'origin.git');

  constructor() {
    const start = makeRepository({ 'code.txt': 'one\n', '.gitignore': '.beads/\n' });
    sh(start, 'git', 'clone', '--quiet', '--bare', start, this.folder);
  }

  clone(): string {
    const folder = path.join(tempDir('clone'), 'p');
    sh(path.dirname(folder), 'git', 'clone', '--quiet', this.folder, folder);
    for (const [key, value] of [
      ['user.name', 'Ann'],
      ['user.email', 'ann@example.org'],
      ['commit.gpgsign', 'false'],
    ])
      sh(folder, 'git', 'config', key!, value!);
    return folder;
  }

  async ledger(): Promise<BdRunner> {
    const bd = await BdRunner.inFolder(this.clone(), 't');
    await bd.json('config', 'set', 'sync-branch', BRANCH);
    return bd;
  }

  /** What the branch of the ledger holds. */
  beads(): string {
    return sh(this.folder, 'git', 'show', `${BRANCH}:.beads/issues.jsonl`);
  }
}

const fileOf = (bd: BdRunner): string => fs.readFileSync(path.join(bd.cwd, '.beads', 'issues.jsonl'), 'utf8');

describe('bd sync with a branch of its own', function () {
  this.timeout(120_000);

  it('commits, merges and pushes, and touches nothing that is checked out or staged', async () => {
    const remote = new Remote();
    const bd = await remote.ledger();
    assert.equal((await bd.json<SyncResult>('sync')).committed, false, 'an empty ledger is no commit');
    const id = await bd.create('First');
    fs.writeFileSync(path.join(bd.cwd, 'code.txt'), 'edited\n');
    fs.writeFileSync(path.join(bd.cwd, 'new.txt'), 'staged\n');
    sh(bd.cwd, 'git', 'add', 'new.txt');
    const state = (): string =>
      [
        'status --porcelain=v1',
        'rev-parse HEAD',
        'symbolic-ref HEAD',
        'diff --cached',
        'diff',
        'stash list',
        'worktree list',
      ]
        .map((words) => sh(bd.cwd, 'git', ...words.split(' ')))
        .join('\n');
    const before = state();
    const synced = await bd.json<SyncResult>('sync', '-m', 'Our beads');
    assert.deepEqual(
      [synced.branch, synced.remote, synced.committed, synced.pushed, synced.merged],
      [BRANCH, 'origin', true, true, false],
    );
    assert.equal(state(), before);
    assert.equal(`${remote.beads()}\n`, fileOf(bd));
    assert.equal(sh(remote.folder, 'git', 'log', '--format=%s', BRANCH), 'Our beads');
    assert.equal(sh(remote.folder, 'git', 'ls-tree', '-r', '--name-only', BRANCH), '.beads/issues.jsonl');
    const again = await bd.json<SyncResult>('sync');
    assert.deepEqual([again.committed, again.pushed, again.merged], [false, false, false]);
    await bd.run('close', id);
    const kept = await bd.json<SyncResult>('sync', '--no-push');
    assert.deepEqual([kept.committed, kept.pushed], [true, false]);
    assert.doesNotMatch(remote.beads(), /"closed"/);
    assert.match((await bd.run('sync')).out, /→ Pushed to origin\n\n✓ Sync complete/);
    assert.match(remote.beads(), /"status":"closed"/);
    assert.equal((await bd.json<{ sync_branch: string }>('sync', '--status')).sync_branch, BRANCH);
    assert.equal(state(), before);
  });

  it('tells which edits a deletion in another clone overrules', async () => {
    const remote = new Remote();
    const [ann, bob] = [await remote.ledger(), await remote.ledger()];
    const [kept, gone] = [await ann.create('kept'), await ann.create('gone')];
    await ann.json('sync');
    await bob.json('sync');
    await bob.run('delete', gone, '--force');
    await bob.json('sync');
    await ann.run('update', gone, '--title', 'edited');
    await ann.run('update', kept, '--title', 'edited');
    const { code, err } = await ann.run('sync');
    assert.equal(code, 0);
    assert.match(err, new RegExp(`^Warning: ${gone} was deleted on one side and changed on the other; .*\\n$`));
    assert.match((await ann.run('show', gone)).err, /It was deleted/);
    assert.equal((await ann.run('sync')).err, '', 'it is told once');
  });

  it('brings two clones that edit the same beads for a day to the same bytes', async () => {
    const remote = new Remote();
    const [ann, bob] = [await remote.ledger(), await remote.ledger()];
    const shared: string[] = [];
    for (const title of ['one', 'two', 'three', 'four']) shared.push(await ann.create(title, '--labels', 'old'));
    await ann.json('sync');
    await bob.json('sync');
    assert.equal(fileOf(bob), fileOf(ann));
    const [one, two, three, four] = shared as [string, string, string, string];
    for (let round = 0; round < 3; round++) {
      await ann.run('update', one, '--title', `one by ann ${round}`, '--add-label', `ann-${round}`);
      await ann.run('comments', 'add', two, `ann ${round}`);
      await bob.run('update', one, '--priority', String(round), '--add-label', `bob-${round}`);
      await bob.run('comments', 'add', two, `bob ${round}`);
      await bob.run('update', one, '--remove-label', 'old');
      await ann.create(`new of ann ${round}`);
      await bob.create(`new of bob ${round}`, '--deps', one);
      if (round === 1) {
        await ann.run('close', three);
        await bob.run('delete', four, '--force');
        await ann.run('update', four, '--title', 'edited while it was deleted');
      }
      for (const bd of [ann, bob]) await bd.json('sync');
    }
    await ann.json('sync');
    assert.equal(fileOf(ann), fileOf(bob));
    assert.equal(`${remote.beads()}\n`, fileOf(ann));
    const [bead] = await ann.json<Bead[]>('show', one);
    assert.deepEqual([bead?.title, bead?.priority], ['one by ann 2', 2]);
    assert.deepEqual(bead?.labels, ['ann-0', 'ann-1', 'ann-2', 'bob-0', 'bob-1', 'bob-2']);
    assert.equal((await ann.json<Bead[]>('show', two))[0]?.comments?.length, 6);
    assert.equal((await ann.json<Bead[]>('list', '--all')).length, 9, 'four, less the deleted one, and six');
    for (const bd of [ann, bob]) {
      const { committed, merged, pushed } = await bd.json<SyncResult>('sync');
      assert.deepEqual([committed, merged, pushed], [false, false, false], 'it comes to rest');
    }
  });

  it('merges what another program has put on the branch, and keeps its other files', async () => {
    const remote = new Remote();
    const bd = await remote.ledger();
    await bd.create('Ours');
    const other = remote.clone();
    sh(other, 'git', 'checkout', '--quiet', '-b', BRANCH);
    const line =
      '{"id":"t-theirs","title":"Theirs","status":"open","priority":2,"issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n';
    fs.writeFileSync(path.join(other, '.gitignore'), '');
    commitFiles(other, { '.beads/issues.jsonl': line, '.beads/config.yaml': 'x: y\n' }, 'From the Go bd');
    sh(other, 'git', 'push', '--quiet', 'origin', BRANCH);
    const { merged, pushed } = await bd.json<SyncResult>('sync');
    assert.deepEqual([merged, pushed], [true, true]);
    assert.ok(fileOf(bd).includes(line), 'its bytes are kept');
    assert.equal((await bd.json<Bead[]>('list')).length, 2);
    assert.equal(
      sh(remote.folder, 'git', 'ls-tree', '-r', '--name-only', BRANCH),
      '.beads/config.yaml\n.beads/issues.jsonl\n.gitignore\ncode.txt',
    );
  });

  it('uses another remote where this clone says so, and none where there is none', async () => {
    const [remote, second] = [new Remote(), path.join(tempDir('second'), 'beads.git')];
    sh(path.dirname(second), 'git', 'init', '--quiet', '--bare', second);
    const bd = await remote.ledger();
    await bd.create('Here');
    await bd.json('config', 'set', 'sync_remote', second);
    assert.equal((await bd.json<SyncResult>('sync')).remote, second);
    assert.match(sh(second, 'git', 'show', `${BRANCH}:.beads/issues.jsonl`), /Here/);
    assert.throws(() => remote.beads());
    assert.doesNotMatch(fs.readFileSync(path.join(bd.cwd, '.beads', 'config.yaml'), 'utf8'), /beads\.git/);
    await bd.json('config', 'unset', 'sync-remote');
    sh(bd.cwd, 'git', 'remote', 'remove', 'origin');
    const alone = await bd.json<SyncResult>('sync');
    assert.deepEqual([alone.remote, alone.pushed], [undefined, false]);
  });

  it('refuses branches and remotes that cannot be meant, a broken version, and a folder without git', async () => {
    const remote = new Remote();
    const bd = await remote.ledger();
    await bd.create('Here');
    const refused = async (branch: string, message: RegExp): Promise<void> => {
      await bd.json('config', 'set', 'sync-branch', branch);
      await bd.fails(message, 'sync');
      const { err } = await bd.run('sync', '--json');
      assert.match((JSON.parse(err) as { error: string }).error, message);
    };
    await refused('main', /main cannot be the branch of the ledger/);
    await refused('a..b', /invalid sync-branch/);
    sh(bd.cwd, 'git', 'checkout', '--quiet', '-b', 'feature');
    await refused('feature', /Cannot sync to 'feature': it's your current branch/);
    await bd.json('config', 'set', 'sync-branch', BRANCH);
    for (const bad of ['--upload-pack=touch x', 'ext::sh -c touch%20x']) {
      await bd.run('config', 'set', 'sync-remote', '--', bad);
      await bd.fails(/invalid sync-remote/, 'sync');
    }
    await bd.json('config', 'set', 'sync-remote', path.join(bd.cwd, 'nowhere'));
    await bd.fails(/does not appear to be a git repository/, 'sync');
    await bd.json('config', 'unset', 'sync-remote');
    const other = remote.clone();
    sh(other, 'git', 'checkout', '--quiet', '--orphan', BRANCH);
    fs.writeFileSync(path.join(other, '.gitignore'), '');
    commitFiles(other, { '.beads/issues.jsonl': '{"id":"t-1",broken\n' }, 'Broken');
    sh(other, 'git', 'push', '--quiet', 'origin', BRANCH);
    const before = fileOf(bd);
    await bd.fails(/has an invalid line: line 1/, 'sync');
    assert.equal(fileOf(bd), before);
    const lonely = await BdRunner.open();
    await lonely.json('config', 'set', 'sync-branch', BRANCH);
    await lonely.fails(/is in no git repository/, 'sync');
  });

  it('without a branch leaves a merge of the person as it is', async () => {
    const bd = await BdRunner.inFolder(new Remote().clone(), 't');
    sh(bd.cwd, 'git', 'checkout', '--quiet', '-b', 'side');
    commitFiles(bd.cwd, { 'code.txt': 'side\n' }, 'Side');
    sh(bd.cwd, 'git', 'checkout', '--quiet', 'main');
    commitFiles(bd.cwd, { 'code.txt': 'main\n' }, 'Main');
    assert.throws(() => sh(bd.cwd, 'git', 'merge', 'side'));
    const before = sh(bd.cwd, 'git', 'status', '--porcelain=v1');
    await bd.create('x');
    await bd.fails(/a merge is not finished/, 'sync', '--full');
    assert.equal(sh(bd.cwd, 'git', 'status', '--porcelain=v1'), before);
    assert.ok(fs.existsSync(path.join(bd.cwd, '.git', 'MERGE_HEAD')));
  });
});

describe('a sync that is interrupted', function () {
  this.timeout(300_000);

  interface Clone {
    git: SyncGit;
    store: BeadStore;
    ledger: SyncedLedger;
  }
  const stores: BeadStore[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  async function clone(remote: Remote): Promise<Clone> {
    const folder = remote.clone();
    const directory = path.join(folder, '.beads');
    initLedger(directory, 't');
    const store = await BeadStore.open();
    stores.push(store);
    await store.addLedger({ name: 'local', directory });
    const ledger: SyncedLedger = {
      directory,
      flush: async () => {
        await store.checkpoint();
        return store.fileOf('local');
      },
      merge: async (base, theirs, name) => {
        const change = changeBetween(base, theirs, name);
        const beads = (text: string) => parseLedgerText(Buffer.from(text)).beads;
        const changed = await store.batch(
          { actor: 'ann' },
          (tx) => mergeVersion(tx, 'local', beads(change.base), beads(change.theirs)).changed,
        );
        return changed.length > 0;
      },
    };
    return { git: syncGit((await repositoryAround(folder))!), store, ledger };
  }

  /** Ends with an error before, or right after, the n-th step. */
  function failing(
    { git, ledger }: Clone,
    at: number,
    after: boolean,
  ): { git: SyncGit; ledger: SyncedLedger; steps: () => number } {
    let steps = 0;
    const step = async <T>(work: () => Promise<T>): Promise<T> => {
      const isLast = ++steps === at;
      if (isLast && !after) throw new Error('interrupted');
      const result = await work();
      if (isLast) throw new Error('interrupted');
      return result;
    };
    return {
      git: {
        folder: git.folder,
        run: (args, options) => step(() => git.run(args, options)),
        probe: (args) => step(() => git.probe(args)),
        bytes: (args) => step(() => git.bytes(args)),
      },
      ledger: {
        directory: ledger.directory,
        flush: () => step(() => ledger.flush()),
        merge: (base, theirs, name) => step(() => ledger.merge(base, theirs, name)),
      },
      steps: () => steps,
    };
  }

  const options = {
    branch: BRANCH,
    file: '.beads/issues.jsonl',
    remote: 'origin',
    pull: true,
    push: true,
    message: 'sync',
  };
  const sync = ({ git, ledger }: Clone): Promise<SyncResult> => syncBranch(git, ledger, options);
  const change = (clone: Clone, title: string): Promise<unknown> =>
    clone.store.batch({ actor: 'ann' }, (tx) => {
      const first = clone.store.list({ limit: 1, all: true })[0];
      if (first) tx.addLabel(first.id, `by-${title.replaceAll(' ', '-')}`);
      return tx.create('local', { title });
    });
  const bytes = ({ store }: Clone): string => fs.readFileSync(store.fileOf('local'), 'utf8');

  for (const after of [false, true])
    it(`${after ? 'right after' : 'before'} any of its steps loses nothing, and the next one ends it`, async () => {
      const remote = new Remote();
      const [ann, bob] = [await clone(remote), await clone(remote)];
      await change(ann, 'start');
      await sync(ann);
      await sync(bob);
      let made = 1;
      for (let at = after ? 2 : 1, wasWhole = false; !wasWhole; at += EVERY) {
        await change(ann, `ann ${at}`);
        await change(bob, `bob ${at}`);
        made += 2;
        await sync(bob); // so that ann has to merge
        const interrupted = failing(ann, at, after);
        wasWhole = await syncBranch(interrupted.git, interrupted.ledger, options).then(
          () => interrupted.steps() < at,
          (error: Error) => {
            assert.match(error.message, /interrupted/);
            return false;
          },
        );
        assert.equal(ann.store.entries('local').size >= made - 1, true, 'nothing is gone');
        await sync(ann);
        await sync(bob);
        assert.equal(bytes(ann), bytes(bob), `step ${at}`);
        assert.equal(ann.store.entries('local').size, made);
        assert.ok(at < 100, 'it ends');
      }
    });

  it('goes on where others push in between, and gives up where they never stop', async () => {
    const remote = new Remote();
    const [ann, bob] = [await clone(remote), await clone(remote)];
    await change(ann, 'start');
    await sync(ann);
    let left = 3;
    const racing: SyncGit = {
      ...ann.git,
      run: async (args, given) => {
        if (args[0] === 'push' && left > 0) {
          left--;
          await change(bob, `bob ${left}`);
          await sync(bob);
        }
        return ann.git.run(args, given);
      },
    };
    await change(ann, 'ann');
    assert.equal((await syncBranch(racing, ann.ledger, options)).pushed, true);
    await sync(bob);
    assert.equal(bytes(ann), bytes(bob));
    left = 1_000;
    await change(ann, 'once more');
    await assert.rejects(syncBranch(racing, ann.ledger, options), /keeps changing/);
    left = 1;
    await change(ann, 'without pulling');
    await assert.rejects(
      syncBranch(racing, ann.ledger, { ...options, pull: false }),
      /has changes of beads-sync that are not here/,
    );
    left = 0;
    await sync(ann);
    await sync(bob);
    assert.equal(bytes(ann), bytes(bob));
  });
});

describe('bd sync --full in a clone that was not set up', () => {
  it('merges beads without a merge driver in the settings and without bd in the PATH', () => {
    const remote = new Remote();
    const clones = [remote.clone(), remote.clone()] as const;
    const bd = (cwd: string, ...args: string[]): string => {
      const { PATH, HOME } = process.env;
      const env = { PATH, HOME, BD_ACTOR: 'ann', BD_NO_DAEMON: '1' };
      return execFileSync(process.execPath, [path.resolve('dist/bd.js'), ...args], { cwd, env, encoding: 'utf8' });
    };
    const [one, two] = clones;
    bd(one, 'init', '--prefix', 't', '--quiet', '--skip-merge-driver');
    bd(one, 'create', 'shared', '--id', 't-a');
    fs.writeFileSync(path.join(one, '.gitattributes'), '.beads/issues.jsonl merge=beads\n');
    sh(one, 'git', 'add', '--force', '.beads/issues.jsonl', '.beads/config.yaml', '.gitattributes');
    sh(one, 'git', 'commit', '--quiet', '-m', 'ledger');
    sh(one, 'git', 'push', '--quiet');
    sh(two, 'git', 'pull', '--quiet');
    bd(one, 'update', 't-a', '--title', 'by one');
    bd(two, 'update', 't-a', '--priority', '0');
    bd(one, 'sync', '--full');
    assert.match(bd(two, 'sync', '--full'), /✓ Sync complete/);
    assert.equal(sh(two, 'git', 'config', '--default', 'none', '--get', 'merge.beads.driver'), 'none');
    const [bead] = JSON.parse(bd(two, 'show', 't-a', '--json')) as Bead[];
    assert.deepEqual([bead?.title, bead?.priority], ['by one', 0]);
  });

  it('names the files of a conflict that it cannot merge, and leaves everything as it was', async () => {
    const remote = new Remote();
    const [one, two] = [remote.clone(), remote.clone()];
    for (const [clone, text] of [
      [one, 'by one\n'],
      [two, 'by two\n'],
    ] as const) {
      fs.writeFileSync(path.join(clone, 'code.txt'), text);
      sh(clone, 'git', 'commit', '--quiet', '-am', 'code');
    }
    sh(one, 'git', 'push', '--quiet');
    const bd = await BdRunner.inFolder(two, 't');
    await bd.create('mine');
    sh(two, 'git', 'add', '--force', '.beads/issues.jsonl');
    sh(two, 'git', 'commit', '--quiet', '-m', 'ledger');
    await bd.fails(/cannot pull: conflicts in code\.txt/, 'sync', '--full');
    assert.equal(fs.readFileSync(path.join(two, 'code.txt'), 'utf8'), 'by two\n');
    assert.equal(sh(two, 'git', 'status', '--porcelain', '--untracked-files=no'), '');
  });

  it('says what to do where git ignores the file', async () => {
    const bd = await BdRunner.inFolder(new Remote().clone(), 't');
    await bd.create('ignored');
    const { code, err } = await bd.run('sync', '--full');
    assert.equal(code, 1);
    assert.match(err, /git ignores .*issues\.jsonl\nHint: Remove it from \.gitignore .*sync-branch/);
  });
});
