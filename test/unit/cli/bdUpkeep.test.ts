import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { keyFrom } from '../../../server/src/cli/bd/memory';
import type { Bead } from '../../../server/src/protocol/bead';
import { BdRunner } from './bdRunner';

describe('commands of bd that keep and tidy a ledger', () => {
  let bd: BdRunner;
  const ids = async (...options: string[]): Promise<string[]> =>
    (await bd.json<Bead[]>('list', '--all', ...options)).map((bead) => bead.id).sort();

  beforeEach(async () => {
    bd = await BdRunner.open();
  });

  describe('list --format', () => {
    let one: string;
    let two: string;
    beforeEach(async () => {
      one = await bd.create('One "x"', '-t', 'bug', '-p', '0', '-l', 'a,b');
      two = await bd.create('Two', '--deps', one);
    });

    it('has the dependencies between the beads of the list, as a graph or by a template', async () => {
      const outside = await bd.create('Outside', '-a', 'ann');
      await bd.json('dep', 'add', outside, two);
      const format = async (text: string): Promise<string> =>
        (await bd.run('list', '--no-assignee', '--sort', 'id', '--format', text)).out;
      assert.equal(await format('digraph'), `${two} ${one}\n`);
      assert.equal(
        await format('{{.IssueID}} ({{ .Issue.Title }}, P{{.Issue.Priority}}{{.Issue.Labels}}) {{- .Type}}'),
        `${two} (Two, P2) blocks\n`,
      );
      assert.equal(await format('{{.Dependency.DependsOnID}}!'), `${one}!\n`);
      const dot = await format('dot');
      assert.match(dot, /^digraph dependencies \{\n {2}rankdir=TB;\n {2}node \[shape=box, style=rounded\];\n\n/);
      assert.ok(
        dot.includes(
          `  "${one}" [label="${one}\\n[bug P0]\\nOne \\"x\\"\\n(open)", style="rounded,filled", fillcolor="white", fontcolor="black"];`,
        ),
        dot,
      );
      assert.ok(dot.includes(`\n  "${two}" -> "${one}" [label="blocks", color=red, style=bold];\n}\n`), dot);
    });

    it('refuses what is not a format, and says which there are', async () => {
      await bd.fails(/unknown format: nonsense/, 'list', '--format', 'nonsense');
      for (const wrong of ['{{.Nope}}', '{{.Issue.Secret}}', '{{range .Labels}}x{{end}}', '{{.IssueID | print}}'])
        await bd.fails(/invalid format template/, 'list', '--format', wrong);
    });
  });

  it('a bead is not moved where there is one ledger', async () => {
    const id = await bd.create('x');
    await bd.fails(/cannot move: no routes\.jsonl found/, 'move', id, '--to', 'toy');
    await bd.fails(/cannot refile: no routes\.jsonl found/, 'refile', id, 'toy');
    await bd.fails(/--to flag is required/, 'move', id);
  });

  describe('labels', () => {
    it('are given to the children of a bead', async () => {
      const epic = await bd.create('epic', '-t', 'epic');
      const none = await bd.run('label', 'propagate', epic, 'ui');
      assert.deepEqual([none.code, none.out], [0, `No children found for ${epic}\n`]);
      const [open, closed] = [await bd.create('open', '--parent', epic), await bd.create('closed', '--parent', epic)];
      await bd.json('close', closed);
      assert.deepEqual(
        (await bd.json<{ issue_id: string }[]>('label', 'propagate', epic, 'ui')).map((each) => each.issue_id).sort(),
        [open, closed].sort(),
      );
      assert.deepEqual(await bd.json('label', 'list', epic), []);
      assert.deepEqual(await bd.json('label', 'list-all'), [{ label: 'ui', count: 2 }]);
      await bd.fails(/reserved/, 'label', 'propagate', epic, 'provides:x');
      await bd.fails(/no issue found/, 'label', 'propagate', 't-nope', 'x');
    });
  });

  describe('help', () => {
    it('has the pages of all commands, their list, and one page as Markdown', async () => {
      const { out } = await bd.run('help', '--list');
      for (const name of ['bd create', 'bd dep add', 'bd mol wisp gc', 'bd admin cleanup'])
        assert.match(out, new RegExp(`^${name} +\\S`, 'm'), name);
      assert.doesNotMatch(out, /^bd cleanup/m);
      const pages = (await bd.run('help', '--all')).out;
      for (const line of out.trimEnd().split('\n'))
        assert.ok(pages.includes(`\n${line.replace(/ {2,}/, ' - ')}\n`), line);
      assert.match(
        (await bd.run('help', '--doc', 'dep add')).out,
        /^## bd dep add\n\n```text\nbd dep add - [^]*\n```\n$/,
      );
      await bd.fails(/unknown command 'nonesuch'/, 'help', '--doc', 'nonesuch');
      await bd.fails(/name one command, or one of --all/, 'help', '--all', '--list');
    });
  });

  describe('memories', () => {
    it('are kept by key, replaced, searched, recalled and forgotten', async () => {
      const text = 'Tests need TZ=UTC';
      assert.deepEqual(await bd.json('remember', text), {
        action: 'remembered',
        key: 'tests-need-tz-utc',
        value: text,
      });
      await bd.json('remember', 'Deploys', 'are on Mondays', '--key', 'deploys');
      assert.match((await bd.run('remember', 'never', '--key', 'deploys')).out, /^Updated \[deploys\]: never$/m);
      assert.deepEqual(await bd.json('memories'), { deploys: 'never', 'tests-need-tz-utc': text });
      assert.deepEqual(await bd.json('memories', 'tz', 'NEED'), { 'tests-need-tz-utc': text });
      assert.deepEqual(await bd.json('memories', 'nothing'), {});
      assert.match((await bd.run('memories')).out, /^Memories \(2\):\n\n {2}deploys\n {4}never\n/);
      assert.equal((await bd.run('recall', 'deploys')).out, 'never\n');
      assert.deepEqual(await bd.json('forget', 'deploys'), { key: 'deploys', deleted: true });
      await bd.fails(/no memory with key "deploys"/, 'recall', 'deploys');
      await bd.fails(/no memory with key "deploys"/, 'forget', 'deploys');
    });

    it('are not values of bd kv, and follow what bd prime says', async () => {
      assert.doesNotMatch((await bd.run('prime')).out, /Remembered/);
      assert.equal((await bd.run('prime', '--memories-only')).out, '');
      await bd.json('remember', 'One\nTwo', '--key', 'k');
      assert.deepEqual(await bd.json('kv', 'list'), {});
      assert.match(
        (await bd.run('prime')).out,
        /^# Beads Workflow Context[^]*## Remembered by earlier sessions\n\n- k: One/,
      );
      assert.match((await bd.run('prime', '--memories-only')).out, /^## Remembered/);
      fs.writeFileSync(path.join(bd.cwd, '.beads', 'settings.json'), '{bad');
      const { code, out, err } = await bd.run('prime');
      assert.deepEqual([code, /^# Beads Workflow/.test(out), /cannot be read/.test(err)], [0, true, true]);
    });

    it('need a text from which a key can be made', async () => {
      assert.equal(keyFrom('  Crème: 3 × 4  '), 'creme-3-4');
      assert.ok(keyFrom('word '.repeat(40)).length <= 60);
      await bd.fails(/no key can be made/, 'remember', '→ ✓');
      await bd.fails(/nothing to remember/, 'remember', ' ');
      await bd.fails(/invalid key/, 'remember', 'x', '--key', 'a b');
    });
  });

  describe('closed beads', () => {
    for (const command of [['admin', 'cleanup'], ['cleanup']])
      it(`are deleted by bd ${command.join(' ')}, which other versions have`, async () => {
        assert.equal((await bd.run(...command)).out, 'No closed issues to delete\n');
        assert.equal((await bd.json<{ message: string }>(...command)).message, 'No closed issues to delete');
        const [closed, open] = [await bd.create('closed'), await bd.create('open')];
        await bd.json('close', closed);
        await bd.fails(/Would delete 1 closed issue\(s\)\. Use --force to confirm/, ...command);
        assert.match((await bd.run(...command, '--dry-run')).out, /^Found 1 closed issue\(s\)\n.*\n\nDRY RUN/);
        assert.equal(
          (await bd.run(...command, '--older-than', '30', '--force')).out,
          'No closed issues older than 30 days to delete\n',
        );
        assert.equal((await bd.json<{ deleted_count: number }>(...command, '--ephemeral', '--force')).deleted_count, 0);
        await bd.fails(/cannot parse time/, ...command, '--older-than', 'yesterweek');
        assert.deepEqual(await bd.json(...command, '--force'), { deleted: [closed], deleted_count: 1 });
        assert.deepEqual(await ids(), [open]);
      });

    it('are deleted by age or by id, with --force only; pinned ones and children of open ones stay', async () => {
      const [old, open, epic, pinned] = [
        await bd.create('old'),
        await bd.create('open'),
        await bd.create('epic', '-t', 'epic'),
        await bd.create('pinned'),
      ];
      const child = await bd.create('child', '--parent', epic);
      await bd.json('close', old, child);
      await bd.json('update', pinned, '--status', 'pinned');
      await bd.fails(/select beads/, 'prune');
      await bd.fails(/cannot parse time/, 'prune', '--older-than', 'yesterweek');
      assert.deepEqual(await bd.json('prune', '--older-than', '1d'), {
        ids: [],
        candidates: 0,
        deleted_count: 0,
        dry_run: true,
      });
      assert.match((await bd.run('prune', '--older-than', '0d')).out, /^Would delete 1 closed bead \(use --force/);
      assert.match((await bd.run('prune', '--pattern', 'zz-*')).out, /^No closed beads to delete/);
      await bd.json('prune', '--pattern', 'bd-*', '--force', '--dry-run');
      assert.equal((await ids()).length, 5);
      assert.match(
        (await bd.run('prune', '--pattern', `${old.slice(0, -1)}?`, '--force')).out,
        /^✓ Deleted 1 closed bead/,
      );
      assert.deepEqual(await ids(), [open, epic, pinned, child].sort());
    });

    it('that are wisps are purged', async () => {
      const [wisp, bead] = [await bd.create('wisp', '--ephemeral'), await bd.create('bead')];
      const openWisp = await bd.create('open wisp', '--ephemeral');
      await bd.json('close', wisp, bead);
      assert.deepEqual((await bd.json<{ ids: string[] }>('purge')).ids, [wisp]);
      assert.equal((await bd.json<{ deleted_count: number }>('purge', '--force')).deleted_count, 1);
      assert.equal((await bd.run('show', openWisp)).code, 0);
      assert.equal((await bd.run('show', bead)).code, 0);
      assert.equal((await bd.run('show', wisp)).code, 1);
    });

    it('are collected with bd gc, which writes the ledger', async () => {
      const id = await bd.create('old');
      await bd.json('close', id);
      assert.deepEqual(await bd.json('gc'), { dry_run: true, deleted_count: 0, candidates: 0, written: false });
      assert.equal((await bd.json<{ written: boolean }>('gc', '--skip-decay')).written, true);
      const result = await bd.json<{ deleted_count: number }>('gc', '--older-than', '0d', '--force');
      assert.equal(result.deleted_count, 1);
      assert.deepEqual(await ids(), []);
    });
  });

  describe('sql', () => {
    it('answers from a copy, as a table, as CSV and as JSON', async () => {
      const id = await bd.create('a "b", c', '-p', '1', '-l', 'x');
      assert.deepEqual(await bd.json('sql', 'SELECT bead, label FROM labels'), [{ bead: id, label: 'x' }]);
      assert.deepEqual(await bd.json('sql', 'SELECT id FROM issues', "WHERE issue_type = 'task'"), [{ id }]);
      assert.equal(
        (await bd.run('sql', '--csv', 'SELECT title, priority, closed FROM beads')).out,
        'title,priority,closed\n"a ""b"", c",1,\n',
      );
      assert.match(
        (await bd.run('sql', 'SELECT id, priority FROM beads')).out,
        /^id +priority\n-+ {2}-+\nbd-\w+ +1\n\(1 row\)\n$/,
      );
      const created = await bd.json<{ created_at: string }[]>('sql', 'SELECT created_at FROM issues');
      assert.match(created[0]!.created_at, /^\d{4}-\d\d-\d\dT[\d:]+Z$/);
    });

    for (const statement of ['DELETE FROM beads', "INSERT INTO labels VALUES ('a', 'b')", 'DROP TABLE beads'])
      it(`changes nothing: ${statement}`, async () => {
        const id = await bd.create('a');
        await bd.fails(/SQL cannot change the ledger/, 'sql', statement);
        assert.deepEqual(await ids(), [id]);
      });

    it('says what is wrong with a query', async () => {
      await bd.fails(/cannot run the query: no such table: nope/, 'sql', 'SELECT * FROM nope');
      await bd.fails(/cannot run the query/, 'sql', 'SELEC 1');
    });
  });

  describe('a backup', () => {
    it('is written to a folder, shown, and brings back what is missing', async () => {
      const folder = path.join(bd.cwd, '..', 'copies');
      await bd.fails(/no backup folder is configured/, 'backup', 'sync');
      assert.deepEqual(await bd.json('backup', 'status'), { configured: false });
      const id = await bd.create('a', '-d', 'first');
      assert.equal((await bd.json<{ issues: number }>('backup', 'init', folder)).issues, 1);
      await bd.create('b');
      assert.equal((await bd.json<{ issues: number }>('backup', 'sync')).issues, 2);
      assert.ok((await bd.json<{ bytes: number }>('backup', 'status')).bytes > 0);
      const other = await BdRunner.open();
      assert.match((await other.run('backup', 'restore', folder, '--dry-run')).out, /^Would restore 2 issues/);
      assert.equal((await other.json<Bead[]>('list')).length, 0);
      assert.equal((await other.json<{ created: number }>('backup', 'restore', folder)).created, 2);
      await other.json('update', id, '-d', 'later');
      assert.equal((await other.json<{ created: number }>('backup', 'restore', folder)).created, 0);
      assert.equal((await other.json<Bead[]>('show', id))[0]?.description, 'later');
      await bd.json('backup', 'remove');
      assert.ok(fs.existsSync(path.join(folder, 'issues.jsonl')));
      await bd.fails(/no backup folder is configured/, 'backup', 'restore');
    });

    it('is refused inside of the ledger, and where there is no copy', async () => {
      await bd.fails(/in the ledger's own folder/, 'backup', 'init', '.beads/copy');
      await bd.fails(/there is no issues.jsonl/, 'backup', 'restore', path.join(bd.cwd, 'nothing'));
    });
  });

  describe('what is used here', () => {
    it('is said by bd context, ping and bootstrap', async () => {
      const context = await bd.json<Record<string, string>>('context');
      assert.deepEqual(
        [context.actor, context.prefix, context.backend, context.beads_dir],
        ['ann', 'bd', 'files', path.join(fs.realpathSync(bd.cwd), '.beads')],
      );
      assert.equal((await bd.json<{ status: string }>('ping')).status, 'ok');
      await bd.create('a');
      assert.equal((await bd.json<{ issues: number }>('bootstrap')).issues, 1);
      assert.equal((await bd.json<{ dry_run: boolean }>('bootstrap', '--dry-run')).dry_run, true);
      await bd.fails(/is not compacted/, 'restore', (await ids())[0]!);
      await bd.fails(/no issue found|not found/, 'restore', 'bd-nope');
    });

    it('is an error where there is no ledger', async () => {
      const none = BdRunner.without();
      for (const command of ['context', 'ping', 'memories', 'sql'])
        await none.fails(/no beads database found/, command, ...(command === 'sql' ? ['SELECT 1'] : []));
      await none.fails(/there is no ledger to set up here/, 'bootstrap');
    });
  });

  it('a graph is drawn as a page that runs nothing', async () => {
    const a = await bd.create('a <script>alert(1)</script> & "b"', '-t', 'epic');
    const b = await bd.create('b', '--parent', a);
    const c = await bd.create('c', '--parent', a, '--deps', b);
    const { out } = await bd.run('graph', a, '--html');
    assert.match(out, /^<!doctype html>/);
    assert.doesNotMatch(out, /<script/);
    assert.match(out, /a &lt;script&gt;alert/);
    assert.equal(out.match(/<rect /g)?.length, 3);
    assert.equal(out.match(/marker-end/g)?.length, 1, `${c} waits for ${b}`);
  });
});
