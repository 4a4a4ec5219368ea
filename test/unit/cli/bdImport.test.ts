import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Bead } from '../../../server/src/protocol/bead';
import { BdRunner } from './bdRunner';

describe('bd import of odd files', () => {
  let bd: BdRunner;

  beforeEach(async () => {
    bd = await BdRunner.open('t');
  });

  const line = (id: string, more: Partial<Bead> = {}): string =>
    JSON.stringify({
      id,
      title: `Title ${id}`,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      ...more,
    });

  function write(...lines: string[]): string {
    fs.writeFileSync(path.join(bd.cwd, 'in.jsonl'), `${lines.join('\n')}\n`);
    return 'in.jsonl';
  }

  const ids = async (): Promise<string[]> => (await bd.json<Bead[]>('list', '--all')).map(({ id }) => id).sort();

  it('imports the beads beside a broken line, names that line and fails', async () => {
    const file = write(line('t-1'), '{"id":"t-2","title":', line('t-3'));
    const { code, err } = await bd.run('import', '-i', file);
    assert.equal(code, 1);
    assert.match(err, /^Error: parsing line 2: /);
    assert.match(err, /Import complete: 2 created, 0 updated\n$/);
    assert.deepEqual(await ids(), ['t-1', 't-3']);
    const again = await bd.run('import', '-i', file, '--json');
    const { problems } = JSON.parse(again.out) as { problems: { line: number }[] };
    assert.deepEqual([again.code, problems.map((problem) => problem.line)], [1, [2]]);
  });

  it('refuses a file that there is not, and one with conflict markers', async () => {
    await bd.fails(
      /^Error: opening input file: open none\.jsonl: no such file or directory/,
      'import',
      '-i',
      'none.jsonl',
    );
    await bd.fails(/conflict markers/, 'import', '-i', write('<<<<<<< HEAD', line('t-1')));
    await bd.fails(/cannot specify both/, 'import', 'a.jsonl', '-i', 'b.jsonl');
    assert.deepEqual(await ids(), []);
  });

  it('takes beads below a missing parent in, leaves them out or refuses them, as asked', async () => {
    const file = write(line('t-gone.1'), line('t-1'));
    await bd.fails(
      /parent issue t-gone does not exist \(strict mode\)/,
      'import',
      '-i',
      file,
      '--orphan-handling',
      'strict',
    );
    await bd.fails(/parent issue t-gone/, 'import', '-i', file, '--orphan-handling', 'resurrect');
    await bd.fails(/invalid orphan-handling "x"/, 'import', '-i', file, '--orphan-handling', 'x');
    assert.deepEqual(await ids(), []);
    const skipped = await bd.json<{ skipped: number }>('import', '-i', file, '--orphan-handling', 'skip');
    assert.equal(skipped.skipped, 1);
    assert.deepEqual(await ids(), ['t-1']);
    await bd.json('import', '-i', file, '--orphan-handling=allow');
    assert.deepEqual(await ids(), ['t-1', 't-gone.1']);
  });

  it('refuses dependencies on nothing when strict', async () => {
    const edge = { issue_id: 't-1', depends_on_id: 't-none', type: 'blocks', created_at: '2026-01-01T00:00:00Z' };
    const file = write(line('t-1', { dependencies: [edge] as unknown as Bead['dependencies'] & object }));
    await bd.fails(/t-1 → t-none: dependency target t-none not found/, 'import', '-i', file, '--strict');
    assert.deepEqual(await ids(), []);
    await bd.json('import', '-i', file);
    assert.deepEqual(await ids(), ['t-1']);
  });

  it('leaves a reference to another system with the first bead', async () => {
    await bd.create('mine', '--id', 't-0', '--external-ref', 'gh-1');
    const file = write(
      line('t-1', { external_ref: 'gh-1' }),
      line('t-2', { external_ref: 'gh-2' }),
      line('t-3', { external_ref: 'gh-2' }),
    );
    await bd.json('import', '-i', file, '--clear-duplicate-external-refs');
    const refs = (await bd.json<Bead[]>('list', '--sort', 'id')).map((bead) => bead.external_ref);
    assert.deepEqual(refs, ['gh-1', undefined, 'gh-2', undefined]);
  });

  it('lists beads with the same content afterwards, and says that nothing was new', async () => {
    const file = write(line('t-1', { title: 'Same' }), line('t-2', { title: 'Same' }));
    const { err } = await bd.run('import', '-i', file, '--dedupe-after');
    assert.match(
      err,
      /=== Post-Import Duplicate Detection ===\nFound 1 duplicate group\(s\)\n\nGroup 1: Same\n {2}→ t-1/,
    );
    assert.match((await bd.run('import', '-s', '-i', file, '--force')).err, /2 skipped\nMetadata updated/);
    assert.match((await bd.run('import', '-i', file, '--dry-run')).err, /update 0 existing issues, 2 unchanged/);
    assert.match((await bd.run('import', '-i', write(line('t-3')), '--dedupe-after')).err, /Found 1/);
  });
});
