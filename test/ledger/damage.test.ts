import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { initLedger } from '../../server/src/beads/storage/init';
import { realFs } from '../../server/src/beads/storage/ledgerFs';
import { diagnose, repairIssues } from '../../server/src/beads/storage/repair';
import { BeadStore } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';

const ann = { actor: 'ann' };
const line = (id: string, title: string, updated = '2026-01-01T00:00:00Z'): string =>
  JSON.stringify({
    id,
    title,
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: updated,
    updated_at: updated,
  });

describe('a ledger whose files are taken away or damaged', () => {
  let directory: string;
  const at = (name: string): string => path.join(directory, name);
  const said: string[] = [];
  async function open(tolerant = false): Promise<BeadStore> {
    const store = await BeadStore.open({
      fence: { name: 'town', epoch: 1, isCurrent: () => true },
      onError: (error) => said.push(String(error)),
    });
    await store.addLedger({ name: 'hq', directory, prefix: 'hq', tolerant });
    return store;
  }
  const create = (store: BeadStore, title: string): Promise<unknown> =>
    store.batch(ann, (tx) => tx.create('hq', { title }));
  const titles = (store: BeadStore): string[] =>
    store
      .list({ limit: 0 })
      .map((bead) => bead.title)
      .sort();
  async function reopenedTitles(): Promise<string[]> {
    const store = await open();
    try {
      return titles(store);
    } finally {
      await store.close();
    }
  }
  beforeEach(() => {
    directory = path.join(tempDir('damage'), '.beads');
    initLedger(directory, 'hq');
    said.length = 0;
  });

  for (const [what, harm] of [
    ['the journal is removed', () => fs.rmSync(at('journal.jsonl'))],
    [
      'the journal is replaced by an empty file',
      () => {
        fs.rmSync(at('journal.jsonl'));
        fs.writeFileSync(at('journal.jsonl'), '');
      },
    ],
    ['the journal is moved away', () => fs.renameSync(at('journal.jsonl'), at('elsewhere'))],
    ['the whole folder is removed', () => fs.rmSync(directory, { recursive: true })],
    ['the whole folder is moved away', () => fs.renameSync(directory, `${directory}.old`)],
  ] as const)
    it(`loses nothing that was acknowledged when ${what}`, async () => {
      const store = await open();
      await create(store, 'before');
      harm();
      await create(store, 'after');
      assert.match(
        said.join('\n'),
        /journal\.jsonl was (?:removed|replaced) by another program and has been rewritten/,
      );
      await create(store, 'and again');
      await store.close();
      assert.deepEqual(await reopenedTitles(), ['after', 'and again', 'before']);
    });

  it('what a checkpoint had written comes back with the folder', async () => {
    const store = await open();
    await create(store, 'in the file');
    await store.checkpoint();
    fs.rmSync(directory, { recursive: true });
    await create(store, 'later');
    await store.close();
    assert.deepEqual(await reopenedTitles(), ['in the file', 'later']);
    assert.match(fs.readFileSync(at('config.yaml'), 'utf8'), /issue-prefix: "hq"/);
  });

  it('keeps another journal that was put in its place', async () => {
    const store = await open();
    await create(store, 'ours');
    fs.rmSync(at('journal.jsonl'));
    fs.writeFileSync(at('journal.jsonl'), 'theirs\n');
    await create(store, 'ours too');
    await store.close();
    assert.deepEqual(await reopenedTitles(), ['ours', 'ours too']);
    const kept = fs.readdirSync(directory).find((name) => name.startsWith('journal.damaged-'));
    assert.equal(fs.readFileSync(at(kept!), 'utf8'), 'theirs\n');
  });

  it('a journal that was removed before the first write of a start is rewritten too', async () => {
    const first = await open();
    await create(first, 'before');
    await first.close();
    const second = await open();
    fs.rmSync(at('journal.jsonl'));
    await create(second, 'after');
    await second.close();
    assert.deepEqual(await reopenedTitles(), ['after', 'before']);
  });

  async function damageJournal(): Promise<void> {
    const store = await open();
    for (const title of ['one', 'two', 'three']) await create(store, title);
    await store.close();
    const lines = fs.readFileSync(at('journal.jsonl'), 'utf8').split('\n');
    lines[1] = 'garbage';
    fs.writeFileSync(at('journal.jsonl'), lines.join('\n'));
  }

  it('with a damaged journal it can be read, says how to repair it, and is written again once that was done', async () => {
    await damageJournal();
    await assert.rejects(open(), /is damaged at line 2/);
    const store = await open(true);
    assert.deepEqual(titles(store), ['one', 'three']);
    const [damage] = store.damages();
    assert.match(damage!.problem.message, /is damaged at line 2/);
    assert.match(damage!.problem.hint!, /bd --db ".*\.beads" doctor --fix/);
    await assert.rejects(
      create(store, 'refused'),
      (error) => error instanceof UserError && /line 2/.test(error.message),
    );
    await store.checkpoint();
    const before = fs.readFileSync(at('journal.jsonl'));
    const { findings, kept } = await diagnose(realFs, directory, true);
    assert.deepEqual(
      findings.map((finding) => [finding.file, finding.line]),
      [['journal.jsonl', 2]],
    );
    assert.deepEqual(fs.readFileSync(at(kept[0]!)), before);
    await store.refresh();
    assert.deepEqual(store.damages(), []);
    await create(store, 'accepted');
    await store.close();
    assert.deepEqual(await reopenedTitles(), ['accepted', 'one', 'three']);
  });

  it('conflict markers that come while it is open are told at once, and both sides are there after the repair', async () => {
    const store = await open(true);
    await create(store, 'ours');
    await store.checkpoint();
    const text = fs.readFileSync(at('issues.jsonl'), 'utf8');
    const conflict = `<<<<<<< HEAD\n${text}||||||| base\n${line('hq-b', 'base')}\n=======\n${line('hq-t', 'theirs')}\n>>>>>>> x\n`;
    fs.writeFileSync(at('issues.jsonl'), conflict);
    await assert.rejects(store.refresh(), /conflict markers/);
    assert.match(store.damages()[0]!.problem.message, /issues\.jsonl has git conflict markers \(line 1\)/);
    await create(store, 'goes on');
    assert.equal((await diagnose(realFs, directory, false)).findings.length, 4);
    assert.equal(fs.readFileSync(at('issues.jsonl'), 'utf8'), conflict, 'without --fix nothing is written');
    const { kept } = await diagnose(realFs, directory, true);
    assert.equal(fs.readFileSync(at(kept[0]!), 'utf8'), conflict);
    await store.refresh();
    assert.deepEqual(store.damages(), []);
    assert.deepEqual(titles(store), ['goes on', 'ours', 'theirs']);
    await store.close();
  });

  it('a start with conflict markers reads both sides and writes nothing', async () => {
    fs.writeFileSync(
      at('issues.jsonl'),
      `<<<<<<< HEAD\n${line('hq-o', 'ours')}\n=======\n${line('hq-t', 'theirs')}\n>>>>>>> x\n`,
    );
    const store = await open(true);
    assert.deepEqual(titles(store), ['ours', 'theirs']);
    await assert.rejects(create(store, 'refused'), /conflict markers/);
    await store.close();
  });

  it('repairs cut and garbage lines and beads with several lines, and leaves all else byte for byte', () => {
    const kept = [line('hq-1', 'é'), '', '{"_type":"memory","x":1}', line('hq-3', 'three')];
    const bytes = Buffer.from(
      [
        kept[0],
        'garbage',
        line('hq-2', 'old'),
        kept[1],
        kept[2],
        kept[3],
        line('hq-2', 'new', '2026-02-01T00:00:00Z'),
        '{"id":"hq-9","ti',
      ].join('\n'),
    );
    const { findings, repaired } = repairIssues(bytes, 'issues.jsonl');
    assert.deepEqual(
      findings.map((finding) => finding.line),
      [2, 7, 8],
    );
    assert.equal(
      repaired.toString(),
      [kept[0], kept[1], kept[2], kept[3], line('hq-2', 'new', '2026-02-01T00:00:00Z'), ''].join('\n'),
    );
  });
});
