import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { gateLogsOf } from '../../../server/src/engine/mergeQueue/gateLogs';
import type { MergeRequest } from '../../../server/src/engine/state/work';
import { TownLayout } from '../../../server/src/town/layout';
import { tempDir } from '../../helpers/temp';

const request: MergeRequest = { source: 'toy-1', rig: 'toy', branch: 'b', commit: 'c', worker: 'w', retries: 0 };

describe('the logs of the gates of a merge request', () => {
  const layout = new TownLayout(tempDir('logs'));
  const write = (run: string, gate: string): void => {
    const file = layout.gateLog('toy', run, gate);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, `${run} ${gate}`);
  };
  const texts = (more: Partial<MergeRequest> = {}): string[] =>
    gateLogsOf(layout, 'toy-mr1', { ...request, ...more }).map(({ text }) => text);

  it('are named after it, after the request that it was tested with, or after its bead', () => {
    assert.deepEqual(texts(), []);
    write('toy-1', 'lint');
    write('toy-mr1', 'test');
    write('toy-mr2', 'test');
    write('toy-mr2', 'build');
    assert.deepEqual(texts(), ['toy-1 lint', 'toy-mr1 test']);
    assert.deepEqual(texts({ testedWith: 'toy-mr2' }), ['toy-1 lint', 'toy-mr2 build', 'toy-mr2 test']);
  });
});
