import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { mergeBead } from '../../../server/src/beads/merge/merge';
import { validationRecords } from '../../../server/src/beads/model/validations';
import { summaries } from '../../../server/src/cli/bd/workHistory';
import type { Bead, BeadDetails } from '../../../server/src/protocol/bead';
import type { WorkRecord } from '../../../server/src/protocol/history';
import { bead } from '../beads/support';
import { BdRunner } from './bdRunner';

describe('who changed a bead, and who has looked at it', () => {
  let bd: BdRunner;
  const show = async (id: string): Promise<BeadDetails> => (await bd.json<BeadDetails[]>('show', id))[0]!;
  const line = (): Record<string, unknown> =>
    JSON.parse(fs.readFileSync(path.join(bd.cwd, '.beads', 'issues.jsonl'), 'utf8')) as Record<string, unknown>;

  beforeEach(async () => {
    bd = await BdRunner.open();
  });

  it('says who made the last change, and writes it only where that is not who created it', async () => {
    const id = await bd.create('Task');
    assert.equal((await show(id)).updated_by, 'ann');
    await bd.run('update', id, '--priority', '1', '--actor', 'bob');
    assert.equal((await show(id)).updated_by, 'bob');
    assert.match((await bd.run('show', id)).out, /^Updated by: bob$/m);
    assert.equal(line().updated_by, 'bob');
    const keys = Object.keys(line());
    assert.equal(keys.indexOf('updated_by'), keys.indexOf('updated_at') + 1);
    for (const args of [
      ['comments', 'add', id, 'hm'],
      ['label', 'add', id, 'x'],
      ['close', id],
    ]) {
      await bd.run(...args, '--actor', 'eve');
      assert.equal((await show(id)).updated_by, 'eve', args.join(' '));
      await bd.run('update', id, '--title', `after ${args[0]}`);
      assert.equal((await show(id)).updated_by, 'ann');
      assert.equal('updated_by' in line(), false);
    }
  });

  it('keeps records of what somebody found, and shows them', async () => {
    const id = await bd.create('Task');
    await bd.json('validate', id, '--type', 'security', '-s', 'no_secrets=true', '-s', 'fuzzed=null', '--score', '0.5');
    await bd.run(
      'validate',
      id,
      '-o',
      'rejected',
      '-m',
      'tests\nare flaky',
      '--signal',
      'tests_passed=false',
      '--actor',
      'bob',
    );
    const { validation_records: records = [] } = await show(id);
    assert.deepEqual(
      records.map(({ timestamp: _time, ...record }) => record),
      [
        {
          validated_by: 'ann',
          validation_type: 'security',
          quality_signals: { no_secrets: true, fuzzed: null },
          outcome: 'accepted',
          score: 0.5,
        },
        {
          validated_by: 'bob',
          validation_type: 'validation',
          quality_signals: { tests_passed: false },
          outcome: 'rejected',
          message: 'tests\nare flaky',
        },
      ],
    );
    const { out } = await bd.run('show', id);
    assert.match(out, /VALIDATIONS\n {2}ann, security, [\d-]+: accepted no_secrets ✓\n/);
    assert.match(out, / {2}bob, validation, [\d-]+: rejected tests_passed ✗ "tests"\n/);
    // In the form of the original, which other programs read.
    const [first] = line().validations as { validator: unknown; outcome: string }[];
    assert.deepEqual([first?.validator, first?.outcome], [{ name: 'ann' }, 'accepted']);
  });

  it('refuses what cannot be meant', async () => {
    const id = await bd.create('Task');
    await bd.fails(/invalid outcome: fine/, 'validate', id, '-o', 'fine');
    await bd.fails(/score must be from 0 to 1/, 'validate', id, '--score', '7');
    await bd.fails(/invalid signal "x=maybe"/, 'validate', id, '-s', 'x=maybe');
    await bd.fails(/no issue found/, 'validate', 'bd-none');
    const { err } = await bd.run('validate', id, '--score', 'x', '--json');
    assert.match((JSON.parse(err) as { error: string }).error, /score must be/);
    await bd.fails(/only a town has a history of work/, 'compare', id);
  });

  it('joins records of two clones, and those of reviews and merges; what cannot be read is left out', () => {
    const record = (name: string, timestamp: string) => ({ validator: { name }, outcome: 'accepted', timestamp });
    const [a, b] = [record('ann', '2026-01-02T00:00:00Z'), record('bob', '2026-01-01T00:00:00Z')];
    const base = bead({ id: 'bd-1' });
    const sides = [
      { ...base, validations: [a], updated_at: '2026-01-03T00:00:00Z' },
      { ...base, validations: [b], updated_at: '2026-01-04T00:00:00Z' },
    ] as [Bead, Bead];
    const merged = mergeBead(base, sides[0], sides[1], new Date());
    assert.deepEqual(merged.validations, [b, a]);
    assert.deepEqual(mergeBead(base, sides[1], sides[0], new Date()), merged);
    const gastown = {
      reviews: [{ by: 'toy/refinery', verdict: 'rejected', message: 'no', patch: 'x', at: '2026-01-05T00:00:00Z' }],
      validation: {
        validated_by: 'toy/refinery',
        validation_type: 'merge',
        timestamp: '2026-01-06T00:00:00Z',
        quality_signals: { tests_passed: true },
      },
    };
    const records = validationRecords({ ...merged, metadata: { gastown }, validations: [b, a, 7, { outcome: 1 }] });
    assert.deepEqual(
      records.map((each) => `${each.validated_by} ${each.validation_type}`),
      ['bob validation', 'ann validation', 'toy/refinery review', 'toy/refinery merge'],
    );
    assert.deepEqual(records[2]?.quality_signals, { review_approved: false });
    assert.deepEqual(validationRecords({ ...base, metadata: { gastown: 'broken' }, validations: 'x' }), []);
  });

  it('is counted in the statistics of work', () => {
    const work = (signals: Record<string, boolean | null>): WorkRecord => ({
      bead: 'bd-1',
      title: 'x',
      type: 'task',
      rig: 'toy',
      labels: [],
      actor: 'toy/polecats/rust',
      outcome: 'completed',
      createdAt: '2026-01-01T00:00:00Z',
      attempts: 1,
      approvals: 0,
      rejections: 0,
      languages: [],
      usage: [],
      validation: { validated_by: 'toy/refinery', validation_type: 'merge', quality_signals: signals },
    });
    const [all] = summaries([work({ tests_passed: true, lint_clean: null }), work({ tests_passed: true })], undefined);
    assert.deepEqual(all?.signals, { tests_passed: 2 });
  });
});
