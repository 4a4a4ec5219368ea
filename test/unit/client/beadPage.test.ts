import assert from 'node:assert/strict';
import { beadMarkdown, namedBeads, pageLink, type PageDiff } from '../../../client/src/features/beads/beadMarkdown';
import { containMarkdown, quoteMarkdown } from '../../../client/src/ui/containedMarkdown';
import { whyNotText } from '../../../client/src/features/beads/whyNot';
import { beadStatus, eventType, type BeadDetails } from '../../../server/src/protocol/bead';
import type { BeadPageInfo, BeadRef, WhyNot } from '../../../server/src/protocol/board';

const at = '2026-01-01T00:00:00Z';
const none: PageDiff = { kind: 'none', files: 0, insertions: 0, deletions: 0, text: '', truncated: false };

function page(bead: object = {}, more: Partial<BeadPageInfo> = {}): BeadPageInfo {
  const details = {
    id: 'toy-a',
    title: 'Add stars',
    issue_type: 'task',
    status: 'open',
    priority: 1,
    created_at: at,
    updated_at: at,
    dependencies: [],
    dependents: [],
    ...bead,
  } as unknown as BeadDetails;
  return { bead: details, why: [], events: [], sessions: [], usage: [], merges: [], reviews: [], ...more };
}

const other = (id: string, title: string, status: string, type: string): object => ({
  id,
  title,
  status,
  dependency_type: type,
});

function has(text: string, ...parts: string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `${part} is missing in\n${text}`);
}

describe('the page of a bead', () => {
  it('shows the tokens of each agent, and what they cost where that is known', () => {
    const usage = { by: 'toy/polecats/rust', model: 'opus', input: 1_000, output: 50, cache_read: 500, cache_write: 0 };
    const text = beadMarkdown(
      page(
        {},
        {
          usage: [
            { ...usage, cost: 1.15 },
            { ...usage, model: '*new*' },
          ],
        },
      ),
      none,
    );
    has(
      text,
      '## Tokens\n\n- **toy/polecats/rust** opus: 1.5k read (500 from the cache), 50 written, $1.15\n',
      ' \\*new\\*: 1.5k read (500 from the cache), 50 written, no price\n',
    );
    assert.doesNotMatch(beadMarkdown(page(), none), /Tokens/);
  });

  it('shows its fields, with links to other beads', () => {
    const info = page(
      {
        title: 'Add *stars*',
        description: '```sh\necho hi\n```',
        labels: ['ui'],
        acceptance_criteria: 'Stars are seen.',
        assignee: 'ann',
        comments: [{ id: 1, issue_id: 'toy-a', author: 'ann', text: 'Please.', created_at: at }],
        dependencies: [other('toy-b', 'First', 'closed', 'blocks'), other('toy-e', 'Big', 'open', 'parent-child')],
        dependents: [
          other('toy-c', 'Part', 'closed', 'parent-child'),
          other('toy-d', 'Then', 'open', 'discovered-from'),
          other('hq-c', 'Convoy', 'open', 'tracks'),
        ],
      },
      {
        why: [{ kind: 'waits', beads: [{ id: 'toy-x', title: 'Wall' }], more: 2 }, { kind: 'paused' }],
        events: [{ ts: at, type: 'status_changed', actor: 'ann', bead: 'toy-a', old: 'open', new: 'closed' }],
      },
    );
    const text = beadMarkdown(info, none);
    has(
      text,
      '# Add \\*stars\\*',
      'P1',
      '`ui`',
      'assigned to ann',
      '```sh\necho hi\n```',
      'Stars are seen.',
      'Part of [toy-e](toy-e.md) Big',
    );
    has(text, '## Not started because\n\n- Waiting for [toy-x](toy-x.md) Wall and 2 more\n- The engine is paused');
    has(
      text,
      '## Children: 1 of 1 closed\n\n- [toy-c](toy-c.md) Part: closed',
      '- [toy-b](toy-b.md) First: closed',
      '- [toy-d](toy-d.md) Then: open (discovered-from)',
    );
    has(text, '## Convoys\n\n- [hq-c](hq-c.md) Convoy: open', '**ann**', '> Please.', 'open → closed');
    assert.ok(!text.includes('## Diff'));
    assert.deepEqual(
      [...text.matchAll(pageLink)].map((match) => match[1]),
      ['toy-e', 'toy-x', 'toy-c', 'toy-b', 'toy-d', 'hq-c'],
    );
    assert.deepEqual(namedBeads(info), ['toy-b', 'toy-e', 'toy-c', 'toy-d', 'hq-c']);
  });

  it('shows attempts, the last failure, merge requests and the diff', () => {
    const nux = 'toy/polecats/nux';
    const info = page(
      { status: 'in_progress' },
      {
        feedback: 'exit 1\n```\nboom',
        problem: 'npm test ended with 1',
        sessions: [
          { agent: nux, attempt: 1, started: at, ended: at, end: 'sent_back', message: 'npm test', restarts: 2 },
          { agent: nux, attempt: 2, started: at, restarts: 0 },
        ],
        reviews: [{ by: 'toy/reviewer', verdict: 'rejected', message: '# Name it\nproperly', note: 'I did', at }],
        merges: [
          {
            id: 'toy-m',
            status: 'closed',
            branch: 'polecat/nux/toy-a@1',
            commit: 'abcdef0123456789',
            worker: nux,
            createdAt: at,
            closedAt: at,
            reason: 'Sent back: npm test',
            retries: 1,
            reviewers: [{ name: 'codex', state: 'no-answer' }],
            comments: [{ author: 'toy/refinery', text: '# Look\nagain', at }],
            events: [{ ts: at, type: eventType('reviewed'), actor: 'toy/refinery', bead: 'toy-m' }],
          },
        ],
      },
    );
    const diff: PageDiff = {
      kind: 'branch',
      branch: 'polecat/nux/toy-a@1',
      base: '1'.repeat(40),
      head: '2'.repeat(40),
      files: 1,
      insertions: 2,
      deletions: 0,
      text: '+```\n+x\n',
      truncated: true,
    };
    const text = beadMarkdown(info, diff);
    has(text, '**toy/polecats/nux** attempt 1', 'changes requested, 2 restarts: npm test', 'attempt 2', '– working');
    has(text, '## Last failure\n\nnpm test ended with 1\n\n````\nexit 1\n```\nboom\n````');
    has(
      text,
      '[toy-m](toy-m.md): closed',
      'abcdef012345',
      '1 retry',
      'Sent back: npm test',
      '! codex: did not answer',
      '> ### Look\n> again',
      '**reviewed**',
    );
    has(text, '## Reviews\n\nAuthor’s note:\n\n> I did\n\n**toy/reviewer** rejected', '> ### Name it\n> properly');
    has(text, '1 file, +2 −0', '```diff\n+```\n+x\n```', 'The diff is truncated.');
    has(
      beadMarkdown(info, { kind: 'problem', reason: 'git [said](x) no' }),
      'Cannot show the diff: git \\[said\\](x) no',
    );
    has(beadMarkdown(page(), { ...none, kind: 'merged', head: '2'.repeat(40) }), 'Merged as 222222222222');
  });

  it('cannot be forged by text from elsewhere', () => {
    const evil =
      '[click](command:workbench.action.quit) <img src=x> ![p](https://evil/p.png)\n## History\n- ann closed it\nFake\n---\n<!-- hidden';
    const info = page(
      {
        title: 'a](command:evil) <b>\n# Forged',
        description: `${evil}\n~~~\nnever closed`,
        notes: evil,
        assignee: '[x](y)',
        labels: ['`<i>`'],
        comments: [
          {
            id: 1,
            issue_id: 'toy-a',
            author: '**bob**\n# X',
            text: 'hm\n\n**ann**, 2026-01-01\n\nI agree\n```\nopen',
            created_at: '<now>',
          },
        ],
        dependencies: [
          other('x](command:evil)', 'y', 'open', 'blocks'),
          other('toy-b', '[z](command:evil)', '<s>', '<t>'),
        ],
      },
      {
        why: [
          { kind: 'person', name: '[x](command:evil)' },
          { kind: 'status', status: beadStatus('<b>') },
          { kind: 'waits', beads: [{ id: 'a/../b' }], more: 0 },
        ],
        events: [{ ts: at, type: eventType('[t](command:evil)'), actor: '<a>', message: '](command:evil)' }],
        sessions: [
          {
            agent: '[a](command:evil)',
            attempt: 1,
            started: '<x>',
            ended: at,
            end: '<e>',
            restarts: 0,
            message: '<m>',
          },
        ],
        merges: [
          {
            id: '<id>',
            status: beadStatus('<s>'),
            branch: '`](command:evil)',
            commit: '<c>',
            worker: '<w>',
            createdAt: at,
            retries: 0,
            reviewers: [],
            comments: [],
            events: [],
          },
        ],
      },
    );
    const text = beadMarkdown(info, {
      ...none,
      kind: 'branch',
      branch: '[b](command:evil)',
      text: '```\n# not a heading',
    });
    const outside = withoutFences(text);
    assert.doesNotMatch(outside.replace(/`[^`]+`/g, ''), /(?<!\\)\]\(command:/);
    assert.doesNotMatch(outside.replace(/`[^`]+`/g, ''), /<(?:img|b|i|s|t|a|x|e|m|w|c|!--)/);
    assert.doesNotMatch(outside, /(?<!\\)!\[/);
    const headings = outside.split('\n').filter((line) => /^ {0,3}#{1,2}(?!#)/.test(line));
    assert.deepEqual(
      headings.filter(
        (line) =>
          !/^(# a|## (Not started because|Description|Notes|Depends on|Attempts|Merge requests|Comments|Diff|History)$)/.test(
            line,
          ),
      ),
      [],
    );
    assert.equal(headings.filter((line) => line === '## History').length, 1);
    assert.match(outside, /^> \*\*ann\*\*, 2026-01-01$/m, 'what a comment says stands in its quote');
    assert.deepEqual(
      [...outside.matchAll(pageLink)].map((match) => match[1]),
      ['toy-b'],
    );
  });
});

/** The text without fenced blocks, which must all be closed. */
function withoutFences(text: string): string {
  let fence: string | undefined;
  const lines = text.split('\n').filter((line) => {
    const mark = /^(?:> )?(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence === undefined && mark) {
      fence = mark[1];
      return false;
    }
    if (fence !== undefined && mark && mark[1]?.startsWith(fence) && mark[2] === '') {
      fence = undefined;
      return false;
    }
    return fence === undefined;
  });
  assert.equal(fence, undefined, 'a fence is open');
  return lines.join('\n');
}

describe('contained Markdown', () => {
  it('stays as it is where it is harmless', () => {
    for (const text of [
      '```sh\necho "<b>" # not a heading\n```',
      '- a\n- b `<T>`',
      'a < b, <https://example.org>',
      '| a | b |\n|---|---|',
      'x --- y',
      '#tag',
      '',
    ]) {
      assert.equal(containMarkdown(text), text);
    }
  });

  it('makes no sections, HTML or pictures, and closes its fences', () => {
    assert.equal(containMarkdown('# A\n## B\n###### C'), '### A\n#### B\n###### C');
    assert.equal(containMarkdown('A\n===\nB\n-'), 'A\n\\===\nB\n\\-');
    assert.equal(containMarkdown('<script>x</script>'), '&lt;script>x&lt;/script>');
    assert.equal(containMarkdown('![a](https://b)'), '\\![a](https://b)');
    assert.equal(containMarkdown('[a](command:b) [c](<JAVASCRIPT:d>)'), '[a](#command:b) [c](&lt;JAVASCRIPT:d>)');
    assert.equal(containMarkdown('````x\n```\n# in'), '````x\n```\n# in\n````');
    assert.equal(quoteMarkdown('a\n\n# b'), '> a\n>\n> ### b');
  });
});

describe('why work on a bead has not started', () => {
  const ref: BeadRef = { id: 'toy-1', title: 'Wall', status: 'open' };
  const cases: [WhyNot, RegExp][] = [
    [{ kind: 'waits', beads: [ref, { id: 'toy-2' }], more: 0 }, /^waiting for Wall, toy-2$/],
    [{ kind: 'waits', beads: [ref], more: 4 }, /^waiting for Wall and 4 more$/],
    [{ kind: 'parent', bead: ref }, /^waiting for its parent Wall$/],
    [{ kind: 'unmerged', beads: [ref], more: 0 }, /^waiting for the merge of Wall$/],
    [{ kind: 'deferred' }, /^deferred$/],
    [{ kind: 'deferred', until: '2027-05-05T12:00:00Z' }, /^deferred until .*2027/],
    [{ kind: 'deferred', until: 'no time' }, /^deferred until no time$/],
    [{ kind: 'deferred', until: '2027-05-05T12:00:00Z', parent: ref }, /^Wall is deferred until .*2027/],
    [{ kind: 'person', name: 'ann' }, /^assigned to ann$/],
    [{ kind: 'stopped' }, /^its agent was stopped$/],
    [
      { kind: 'overlap', bead: { id: 'toy-b', title: 'Other' }, files: ['src/a.ts'], more: 2 },
      /^waiting for .*Other.*, which changes src\/a\.ts and 2 more too$/,
    ],
    [{ kind: 'consent', what: 'runtime', name: 'claude' }, /^waiting for you to approve its runtime claude$/],
    [{ kind: 'consent', what: 'script', name: 'script' }, /^waiting for you to approve its script$/],
    [{ kind: 'consent', what: 'rig', name: 'toy' }, /^waiting for you to approve the commands of toy$/],
    [{ kind: 'rig', name: 'toy' }, /^the rig toy cannot be used, see Needs Attention$/],
    [{ kind: 'backoff', until: '2027-05-05T12:00:00Z' }, /^retrying at /],
    [{ kind: 'type', type: 'epic' }, /beads of type epic$/],
    [{ kind: 'status', status: 'pinned' }, /^its status is pinned$/],
    [{ kind: 'unslung' }, /^not slung yet$/],
    [{ kind: 'paused' }, /^the engine is paused$/],
  ];
  for (const [reason, text] of cases) it(`says ${text.source}`, () => assert.match(whyNotText(reason), text));
});
