import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { MergeRequestInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

/** Writes the attempt into a file, and says in its second try what it did. */
const writes = (file: string): string => `echo "attempt $GT_ATTEMPT" > ${file}`;

describe('review', function () {
  this.timeout(120_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  async function waitForReview(bead: string): Promise<MergeRequestInfo> {
    let info: MergeRequestInfo | undefined;
    await waitUntil(
      `${bead} waits for a person`,
      async () => {
        info = (await town!.person.json<MergeRequestInfo[]>('gt', ['mq', 'list'], { cwd: town!.root })).find(
          (item) => item.bead === bead && item.needsPerson,
        );
        return info !== undefined;
      },
      60_000,
    );
    return info!;
  }

  const landed = async (bead: string): Promise<boolean> =>
    (await town!.bd('show', bead, '--json')).includes('"status": "closed"');
  const onMain = (file: string): string => sh(town!.project, 'git', 'show', `gastown/main:${file}`);

  it('by a command of the rig: it gets bead and diff, its words reach the author, and what it approves is merged', async () => {
    town = await CliTown.make();
    const command =
      'test -f a.txt && grep -q "attempt 2" "$GT_DIFF_FILE" && grep -q Write "$GT_BEAD_FILE" && exit 0; echo "I want attempt 2, not $(cat a.txt)"; exit 1';
    await town.gt('rig', 'set', 'toy', 'review=script', `review_command=${command}`);
    const bead = await town.bead(
      'Write a file',
      `gt prime > ../prime-$GT_ATTEMPT.md\n${writes('a.txt')}\ncp ../prime-*.md . 2>/dev/null || true`,
    );
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.gt('up');
    await town.convoyLands(slung!.convoy);
    assert.equal(onMain('a.txt').trim(), 'attempt 2');
    assert.match(onMain('prime-2.md'), /Round 1: rejected by toy\/refinery[\s\S]*I want attempt 2, not attempt 1/);
    const events = await town.bd('show', bead, '--json');
    assert.match(events, /"verdict":\s*"approved"/);
  });

  it('by an agent in the refinery: it sees bead, diff and history, and a reviewer that says nothing is asked again', async () => {
    town = await CliTown.make();
    const reviewer = path.join(town.person.home, 'reviewer.sh');
    const asked = path.join(town.person.home, 'asked');
    // The first one just ends; the next rejects, the last approves.
    fs.writeFileSync(
      reviewer,
      [
        '#!/bin/sh',
        `exec 2>> "${town.person.home}/reviewer.log"`,
        'set -ex',
        `echo x >> "${asked}"`,
        `count=$(wc -l < "${asked}")`,
        '[ "$count" = 1 ] && exit 0',
        `prime="${town.person.home}/review-$count.md"`,
        'gt prime > "$prime"',
        'bead=$(sed -n "s/^## The change: //p" "$prime")',
        'if grep -q "attempt 2" a.txt; then gt mq approve "$bead" -m "Good now"; else gt mq reject "$bead" -m "Make it attempt 2"; fi',
        'sleep 30',
        '',
      ].join('\n'),
      { mode: 0o755 },
    );
    await town.gt('config', 'agent', 'set', 'critic', reviewer, '--prompt', 'none');
    await town.gt('rig', 'set', 'toy', 'review=agent', 'reviewer=critic');
    await town.gt('config', 'agent', 'accept', 'critic', '--yes');
    const bead = await town.bead('Write a file', writes('a.txt'));
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.gt('up');
    await town.convoyLands(slung!.convoy);
    assert.equal(onMain('a.txt').trim(), 'attempt 2');
    const last = fs.readFileSync(path.join(town.person.home, 'review-3.md'), 'utf8');
    assert.match(
      last,
      new RegExp(
        `The change: ${bead}[\\s\\S]*Round 1: rejected by toy/refinery[\\s\\S]*Make it attempt 2[\\s\\S]*\\+attempt 2`,
      ),
    );
    await waitUntil('its session has ended', () => town!.sessions().length === 0);
  });

  it('by a person: rejected with a text, approved for one patch, and again where a rebase has made another of it', async () => {
    town = await CliTown.make({ files: { 'list.txt': 'a\nb\nc\nd\ne\nf\ng\n' }, maxWorkers: 2 });
    await town.gt('rig', 'set', 'toy', 'review=person');
    const one = await town.bead('Line two', 'sed -i "s/^b.*/b $GT_ATTEMPT/" list.txt');
    const two = await town.bead('Line five', 'sed -i "s/^e.*/e $GT_ATTEMPT/" list.txt');
    for (const bead of [one, two]) await town.gt('sling', bead, 'toy');
    await town.gt('up');
    const first = await waitForReview(one);
    const second = await waitForReview(two);
    const snapshot = await town.snapshot();
    assert.equal(snapshot.beads.find((item) => item.id === one)?.phase, 'reviewing');
    assert.equal(snapshot.attention.filter((item) => item.kind === 'review').length, 2);
    assert.match(
      (await town.person.run('gt', ['mq', 'reject', one, '-m', ' '], { cwd: town.root })).stderr,
      /describe what has to change/,
    );
    assert.match(
      (await town.person.run('gt', ['mq', 'approve', one, '--patch', 'another'], { cwd: town.root })).stderr,
      /has changed since/,
    );
    await town.gt('mq', 'reject', one, '-m', 'Try harder');
    const again = await waitForReview(one);
    assert.notEqual(again.patch, first.patch);
    assert.deepEqual(
      again.reviews.map((review) => [review.verdict, review.by, review.message]),
      [['rejected', 'Ann', 'Try harder']],
    );
    await town.gt('mq', 'approve', two, '-m', 'Fine', '--patch', second.patch!);
    await waitUntil('the second has landed', async () => landed(two));
    // Its surroundings are others now: "e" has become "e 1" three lines below what was approved.
    await town.gt('mq', 'approve', one);
    const rebased = await waitForReview(one);
    assert.notEqual(rebased.patch, again.patch);
    assert.match(await town.gt('mq', 'status', one), /approved by Ann/);
    await town.gt('mq', 'approve', one, '--first');
    await waitUntil('the first has landed', async () => landed(one));
    assert.deepEqual(onMain('list.txt').split('\n').slice(1, 5), ['b 2', 'c', 'd', 'e 1']);
  });

  it('is bounded: after three rounds a person is called, and slinging it again starts over', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'review=script', 'review_command=echo never; exit 1', 'max_review_rounds=2');
    const bead = await town.bead('One', writes('a.txt'));
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitUntil('it has failed', async () =>
      (await town!.snapshot()).beads.some((item) => item.id === bead && item.phase === 'failed'),
    );
    const snapshot = await town.snapshot();
    assert.match(
      snapshot.attention.find((item) => item.kind === 'escalation')?.title ?? '',
      /requested changes: never/,
    );
    assert.equal(snapshot.beads.find((item) => item.id === bead)?.attempt, 2);
    await town.gt('rig', 'set', 'toy', 'review=off', 'review_command=');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.convoyLands(slung!.convoy);
  });

  it('a command that neither approves nor rejects is asked three times, then a person has to look', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'review=script', 'review_command=echo broken; exit 7');
    const bead = await town.bead('One', writes('a.txt'));
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitForReview(bead);
    const snapshot = await town.snapshot();
    assert.match(
      snapshot.attention.find((item) => item.kind === 'escalation')?.detail ?? '',
      /exit code 7[\s\S]*broken[\s\S]*Asked 3 times/,
    );
    await town.gt('mq', 'approve', bead);
    await waitUntil('it has landed', async () => landed(bead));
    assert.equal(onMain('a.txt').trim(), 'attempt 1');
    assert.equal((await town.snapshot()).attention.filter((item) => item.kind === 'escalation').length, 0);
  });

  it('by several at once: one request for changes sends it back with all answers, and a dead reviewer holds nothing', async () => {
    town = await CliTown.make();
    const log = path.join(town.person.home, 'prime');
    const reviewer = (name: string, lines: readonly string[]): string => {
      const file = path.join(town!.person.home, `${name}.sh`);
      const start = ['#!/bin/sh', `prime="${log}-${name}-$$"`, 'gt prime > "$prime"'];
      const bead = 'bead=$(sed -n "s/^## The change: //p" "$prime")';
      fs.writeFileSync(file, [...start, bead, ...lines, ''].join('\n'), { mode: 0o755 });
      return file;
    };
    const strict = [
      'if grep -q "attempt 2" a.txt; then gt mq approve "$bead" -m "Good"; else gt mq reject "$bead" -m "Make it 2"; fi',
    ];
    await town.gt('config', 'agent', 'set', 'strict', reviewer('strict', strict), '--prompt', 'none');
    await town.gt('config', 'agent', 'set', 'dead', reviewer('dead', ['exit 0']), '--prompt', 'none');
    const refused = await town.person.run('gt', ['rig', 'set', 'toy', 'reviewers=strict,nobody'], { cwd: town.root });
    assert.match(refused.stderr, /there is no agent runtime nobody/);
    await town.gt(
      'rig',
      'set',
      'toy',
      'reviewers=strict,dead,script',
      'review_command=test "$GT_REVIEW_DEPTH" = deep',
      'review_depth=deep',
    );
    for (const name of ['strict', 'dead']) await town.gt('config', 'agent', 'accept', name, '--yes');
    const bead = await town.bead('Write a file', writes('a.txt'));
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    const again = await waitForReview(bead);
    assert.deepEqual(
      again.reviewers.map(({ name, state }) => [name, state]).filter(([name]) => name === 'dead'),
      [['dead', 'no-answer']],
    );
    assert.ok(again.reviews.some(({ by, message }) => by === 'toy/refinery/strict' && message === 'Make it 2'));
    const primes = fs.readdirSync(town.person.home).filter((file) => file.startsWith('prime-strict'));
    const prime = fs.readFileSync(path.join(town.person.home, primes[0]!), 'utf8');
    assert.match(prime, /This is a deep review/);
    assert.match(prime, /Other reviewers of the same change: dead, the review command\. All of you have to approve it/);
    assert.match(prime, /The author's commits/);
    await waitUntil('the others have answered', async () =>
      /strict +✓ approved[\s\S]*dead +! did not answer[\s\S]*script +✓ approved/.test(
        await town!.gt('mq', 'status', bead),
      ),
    );
    await town.gt('mq', 'approve', bead);
    await waitUntil('it has landed', async () => landed(bead));
    assert.equal(onMain('a.txt').trim(), 'attempt 2');
    assert.match(await town.gt('mq', 'log', bead), /approved by Ann/);
  });

  it('by any of several: the first approval is enough, and one that is taken out of the settings is not waited for', async () => {
    town = await CliTown.make();
    const silent = path.join(town.person.home, 'silent.sh');
    fs.writeFileSync(silent, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
    await town.gt('config', 'agent', 'set', 'silent', silent, '--prompt', 'none');
    await town.gt('rig', 'set', 'toy', 'reviewers=silent,person', 'reviews_needed=all');
    await town.gt('config', 'agent', 'accept', 'silent', '--yes');
    const bead = await town.bead('Write a file', writes('a.txt'));
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitForReview(bead);
    assert.match(await town.gt('mq', 'approve', bead), /still to answer: silent/);
    await waitUntil('its session is there', () => town!.sessions().length === 1);
    await town.gt('rig', 'set', 'toy', 'reviews_needed=any');
    await waitUntil('it has landed', async () => landed(bead));
    await waitUntil('the session of the other has ended', () => town!.sessions().length === 0);
  });
});
