import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { references } from '../../docs/reference';

describe('the reference of gt and bd', () => {
  it('says what the commands say: run "npm run docs" after a change', async () => {
    for (const [name, text] of Object.entries(await references()))
      assert.equal(fs.readFileSync(path.join('docs', name), 'utf8'), text, `docs/${name}`);
  });

  it('has no link to a section that there is not', async () => {
    const documents = await references();
    const anchors = (text: string): Set<string> =>
      new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!.replaceAll(' ', '-')));
    for (const [name, text] of Object.entries(documents))
      for (const [whole, file, anchor] of text.matchAll(/\]\(([^)#]*)#([^)]*)\)/g))
        assert.ok(anchors(documents[file || name]!).has(anchor!), `docs/${name}: ${whole}`);
  });
});
