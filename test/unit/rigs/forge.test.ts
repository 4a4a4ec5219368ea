import assert from 'node:assert/strict';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import type { RigRepository } from '../../../server/src/git/repository';
import type { PullRequest } from '../../../server/src/rigs/forge/forge';
import { ghProgram } from '../../../server/src/rigs/forge/ghProgram';
import { GitHub } from '../../../server/src/rigs/forge/github';
import { RigPullRequests } from '../../../server/src/rigs/forge/pullRequests';
import { repositoryName } from '../../../server/src/rigs/forge/repositoryName';
import { FakeGh } from '../../helpers/fakeGh';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const needsPerson = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && error.code === 'conflict' && message.test(`${error.message} ${error.hint}`);

describe('the repository at the provider', () => {
  it('is named by the address of the source, or by a setting', () => {
    const of = (location: string, chosen?: string): string => repositoryName({ location, isFolder: false }, chosen);
    for (const address of [
      'https://github.com/acme/toy',
      'https://github.com/acme/toy.git',
      'git@github.com:acme/toy.git',
      'ssh://git@github.com:22/acme/toy.git/',
    ])
      assert.equal(of(address), 'acme/toy', address);
    assert.equal(of('https://git.example.org/acme/toy'), 'git.example.org/acme/toy');
    assert.equal(of('/srv/toy.git', 'acme/toy'), 'acme/toy');
  });

  it('is asked for where neither names it, or the rig was made from a folder', () => {
    const missing = needsPerson(/pr_repository=owner\/name/);
    for (const location of ['/srv/toy.git', 'https://github.com/acme'])
      assert.throws(() => repositoryName({ location, isFolder: false }), missing, location);
    assert.throws(() => repositoryName({ location: '/home/ann/toy', isFolder: true }, 'a/b'), needsPerson(/folder/));
  });
});

describe('GitHub by gh', () => {
  let gh: FakeGh;
  let forge: GitHub;
  let head: string;

  beforeEach(() => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const origin = path.join(tempDir('origin'), 'origin.git');
    sh(folder, 'git', 'clone', '--quiet', '--bare', folder, origin);
    head = commitFiles(folder, { 'b.txt': 'b\n' }, 'Work');
    sh(folder, 'git', 'push', '--quiet', origin, 'HEAD:refs/heads/gastown/toy-1');
    gh = new FakeGh(origin);
    const env = { ...process.env, PATH: `${gh.folder}:${process.env.PATH}` };
    forge = new GitHub(
      'acme/toy',
      ghProgram(gh.folder, async () => env),
    );
  });

  it('makes a pull request, finds it by its branch, merges it, and closes one once', async () => {
    assert.equal(await forge.find('gastown/toy-1'), undefined);
    const request = { branch: 'gastown/toy-1', base: 'main', title: '--title of $(it)', body: 'Why "so"' };
    const made = await forge.create(request);
    assert.deepEqual(made, { number: 1, url: 'https://github.test/acme/toy/pull/1' });
    assert.deepEqual([gh.pulls[0]!.title, gh.pulls[0]!.body], [request.title, request.body]);
    assert.deepEqual(await forge.find('gastown/toy-1'), made);
    assert.deepEqual(await forge.status(1), {
      state: 'open',
      head,
      checks: [],
      requestedChanges: [],
      merging: 'possible',
    });
    await assert.rejects(forge.merge(1, 'f'.repeat(40), 'rebase'), /Head branch was modified/);
    assert.equal(await forge.findMerged('gastown/toy-1', 'main'), undefined);
    await forge.merge(1, head, 'rebase');
    assert.deepEqual(await forge.findMerged('gastown/toy-1', 'main'), made);
    assert.equal(await forge.find('gastown/toy-1'), undefined);
    assert.deepEqual((await forge.status(1)).mergeCommit, gh.tip('main'));
    assert.equal((await forge.status(1)).state, 'merged');
    await forge.close(1, 'too late');
    assert.equal(gh.pulls[0]!.closedWith, undefined);
    await forge.create(request);
    await forge.close(2, 'not wanted');
    assert.equal(gh.pulls[1]!.closedWith, 'not wanted');
    assert.equal((await forge.status(2)).state, 'closed');
  });

  it('is asked for a new pull request only where the known one is not merged', async () => {
    const pushed: string[] = [];
    const repository = {
      publish: async (_commit: string, branch: string) => void pushed.push(branch),
      source: { defaultBranch: 'main' },
    } as unknown as RigRepository;
    const requests = new RigPullRequests(
      repository,
      () => forge,
      () => 'off',
    );
    const open = (known?: PullRequest): Promise<PullRequest> =>
      requests.open(head, { branch: 'gastown/toy-1', title: 'x', body: '' }, known);
    const made = await open();
    assert.deepEqual(await open(), made, 'the open one');
    await forge.merge(1, head, 'rebase');
    assert.deepEqual(await open(made), made, 'somebody has merged it');
    assert.deepEqual(await requests.findMerged('gastown/toy-1'), made);
    assert.equal((await open()).number, 2, 'an earlier one of the same bead');
    await forge.close(2, 'no');
    assert.equal((await open({ number: 2, url: '' })).number, 3);
    assert.equal(pushed.length, 5);
  });

  it('reads checks of both kinds, and reviews of the commit that is there now', async () => {
    await forge.create({ branch: 'gastown/toy-1', base: 'main', title: 'Work', body: '' });
    const review = (login: string, state: string, body: string, oid = head) => ({
      author: { login },
      state,
      body,
      commit: { oid },
    });
    gh.change(({ pulls: [pull] }) => {
      pull!.checks = [
        {
          __typename: 'CheckRun',
          name: 'build',
          status: 'COMPLETED',
          conclusion: 'SUCCESS',
          detailsUrl: 'https://ci/1',
        },
        { __typename: 'CheckRun', name: 'lint', status: 'COMPLETED', conclusion: 'FAILURE', detailsUrl: '' },
        { __typename: 'CheckRun', name: 'test', status: 'IN_PROGRESS', conclusion: '' },
        { __typename: 'CheckRun', name: 'docs', status: 'COMPLETED', conclusion: 'SKIPPED' },
        { __typename: 'StatusContext', context: 'old-ci', state: 'ERROR', targetUrl: 'https://old/2' },
        { __typename: 'StatusContext', context: 'slow-ci', state: 'PENDING' },
      ];
      pull!.reviews = [
        review('ann', 'CHANGES_REQUESTED', 'of an earlier one', 'e'.repeat(40)),
        review('bob', 'CHANGES_REQUESTED', 'Not so.'),
        review('bob', 'COMMENTED', 'by the way'),
        review('eve', 'CHANGES_REQUESTED', 'No.'),
        review('eve', 'APPROVED', 'Well, yes.'),
      ];
      const remark = { path: 'b.txt', line: 3, commit_id: head, user: { login: 'bob' } };
      pull!.remarks = [
        { ...remark, body: 'Say why.' },
        { ...remark, body: 'of an earlier one', commit_id: 'e'.repeat(40) },
        { ...remark, body: 'nice', user: { login: 'eve' } },
      ];
    });
    const { checks, requestedChanges } = await forge.status(1);
    assert.deepEqual(
      checks.map(({ name, outcome, url }) => [name, outcome, url]),
      [
        ['build', 'passed', 'https://ci/1'],
        ['lint', 'failed', undefined],
        ['test', 'pending', undefined],
        ['docs', 'passed', undefined],
        ['old-ci', 'failed', 'https://old/2'],
        ['slow-ci', 'pending', undefined],
      ],
    );
    assert.deepEqual(requestedChanges, [{ by: 'bob', text: 'Not so.\n\nb.txt:3: Say why.' }]);
  });

  it('says that it waits, or is behind its target', async () => {
    await forge.create({ branch: 'gastown/toy-1', base: 'main', title: 'Work', body: '' });
    gh.change(({ pulls: [pull] }) => (pull!.blocked = true));
    assert.equal((await forge.status(1)).merging, 'waits');
    gh.change(({ pulls: [pull] }) => (pull!.blocked = false));
    const other = commitFiles(makeRepository({}), { 'c.txt': 'c' }, 'Other');
    assert.ok(other);
    sh(
      gh.origin,
      'sh',
      '-c',
      `git update-ref refs/heads/main $(git -c user.name=a -c user.email=a@b commit-tree main^{tree} -p main -m other)`,
    );
    assert.equal((await forge.status(1)).merging, 'behind');
  });

  it('needs a person where gh is missing or not logged in, and gives its words for anything else', async () => {
    gh.change((state) => (state.loggedIn = false));
    await assert.rejects(forge.find('x'), needsPerson(/not logged in.*gh auth login/));
    const without = new GitHub(
      'acme/toy',
      ghProgram(gh.folder, async () => ({ PATH: tempDir('empty') })),
    );
    await assert.rejects(without.find('x'), needsPerson(/gh, which is not installed.*gh auth login/));
    for (const [answer, said] of [
      ['not JSON', /did not print JSON: not JSON/],
      ['[{"number":"one"}]', /printed something unexpected/],
    ] as const)
      await assert.rejects(new GitHub('acme/toy', async () => answer).find('x'), said);
    await assert.rejects(
      new GitHub('acme/toy', async () => 'done').create({ branch: 'b', base: 'main', title: 't', body: '' }),
      /did not name a pull request/,
    );
  });
});
