import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { parseTranscript, printTranscript, replay, withBuiltBd } from './transcript';

const folder = path.resolve('test/unit/cli/transcripts');

/** Sessions of a day's work, beyond those that were recorded with the original. `GASTOWN_UPDATE=1` writes the answers of now. */
describe('bd in sessions of a day', function () {
  this.timeout(120_000);
  let restorePath: () => void;
  before(() => {
    restorePath = withBuiltBd();
  });
  after(() => restorePath());

  for (const name of fs.readdirSync(folder).filter((each) => each.endsWith('.txt'))) {
    it(name.replace(/\.txt$/, ''), async () => {
      const file = path.join(folder, name);
      const text = fs.readFileSync(file, 'utf8');
      const now = printTranscript(await replay(parseTranscript(text)));
      if (process.env.GASTOWN_UPDATE) fs.writeFileSync(file, now);
      else assert.equal(now, text);
    });
  }
});
