import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { importText, textParts } from '../../../server/src/cli/bd/importText';
import type { Backend } from '../../../server/src/cli/bd/localBackend';
import { LedgerExport, LedgerImport, LedgerImportPart } from '../../../server/src/protocol/ledger';
import { line } from '../../ledger/realLedger';
import { tempDir } from '../../helpers/temp';
import { openService, refused, type Service } from './service';

describe('an import in parts', () => {
  let service: Service;
  beforeEach(async () => {
    service = await openService(['hq']);
  });
  afterEach(() => service.store.close());

  const part = (number: number, text: string, upload = 'u'): Promise<null> =>
    service.call(LedgerImportPart.spec, { upload, part: number, text });
  const exported = async (): Promise<string> => (await service.call(LedgerExport.spec, {})).text;

  it('is one change: nothing is there before the last part', async () => {
    await part(0, line('hq-1'));
    await part(1, line('hq-2'));
    assert.equal(await exported(), '');
    const result = await service.call(LedgerImport.spec, { upload: 'u', text: line('hq-3') });
    assert.deepEqual(result.created, ['hq-1', 'hq-2', 'hq-3']);
    assert.equal(await exported(), line('hq-1') + line('hq-2') + line('hq-3'));
  });

  it('a part that comes twice counts once, and lines are numbered over all parts', async () => {
    await part(0, line('hq-1'));
    await part(0, line('hq-1'));
    await part(1, 'no bead\n');
    await refused(
      service.call(LedgerImport.spec, { upload: 'u', text: line('hq-3') }),
      /1 line\(s\) are not beads \(line 2: not valid JSON\)/,
    );
    assert.equal(await exported(), '');
  });

  it('is refused where a part is missing, for another person too, and after a conflict marker', async () => {
    await part(0, line('hq-1'));
    await refused(part(2, line('hq-2')), /was interrupted/, 'unavailable');
    await refused(
      service.call(LedgerImport.spec, { upload: 'u', text: '' }, { actor: 'eve' }),
      /was interrupted/,
      'unavailable',
    );
    await refused(part(1, `<<<<<<< HEAD\n`), /conflict markers \(line 2\)/, 'conflict');
    await refused(service.call(LedgerImport.spec, { upload: 'u', text: '' }), /was interrupted/, 'unavailable');
    assert.equal(await exported(), '');
  });

  it('are no more than four at a time', async () => {
    for (const upload of ['a', 'b', 'c', 'd']) await part(0, line('hq-1'), upload);
    await refused(part(0, line('hq-1'), 'e'), /too many imports/, 'unavailable');
    await service.call(LedgerImport.spec, { upload: 'a', text: '' });
    await part(0, line('hq-2'), 'e');
  });

  it('gives what the whole text gives, wherever it is cut', async () => {
    const file = path.join(tempDir('parts'), 'file.jsonl');
    const bead = fc.record({
      number: fc.integer({ min: 1, max: 9 }),
      title: fc.string({ unit: 'grapheme', minLength: 1 }),
    });
    const text = fc.record({
      beads: fc.array(bead),
      mark: fc.boolean(),
      newline: fc.constantFrom('\n', '\r\n'),
      ends: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 400 }), async ({ beads, mark, newline, ends }, limit) => {
        const lines = beads.map(({ number, title }) => line(`hq-${number}`, { title }).trimEnd());
        const whole = `${mark ? '\uFEFF' : ''}${lines.join(newline)}${ends && lines.length > 0 ? newline : ''}`;
        fs.writeFileSync(file, whole);
        const parts = [...textParts(file, limit)];
        assert.equal(parts.join(''), whole);
        const [one, other] = [await openService(['hq']), await openService(['hq'])];
        const call = async (): Promise<unknown> => one.call(LedgerImport.spec, { text: whole });
        const backend = {
          call: ((spec, params) => other.call(spec, params)) as Backend['call'],
          close: async () => undefined,
        };
        assert.deepEqual(await importText(backend, parts, {}), await call());
        const texts = await Promise.all([one, other].map((each) => each.call(LedgerExport.spec, {})));
        assert.deepEqual(texts[1], texts[0]);
        await one.store.close();
        await other.store.close();
      }),
      { numRuns: 60 },
    );
  });
});
