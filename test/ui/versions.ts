import type { Suite } from 'mocha';
import { showWindows } from '../harness/vsixSession';
import { TEST_MS } from '../harness/limits';
import { lanesOf, vscodeVersion, type LaneName } from '../harness/vscodeServer';

/** A `describe` for each selected VS Code: the oldest runs every story, the newest the main ones. */
export function inVsCode(title: string, kind: 'main' | 'oldest', body: (this: Suite, lane: LaneName) => void): void {
  for (const lane of lanesOf(kind === 'main')) {
    describe(`${title} (VS Code ${vscodeVersion(lane)})`, function () {
      this.timeout(TEST_MS);
      this.afterEach(async function () {
        if (this.currentTest?.state === 'failed')
          await showWindows(
            `failed-${vscodeVersion(lane)}-${this.currentTest.title.replace(/\W+/g, '-').slice(0, 60)}`,
          );
      });
      body.call(this, lane);
    });
  }
}

/** Each test needs the one before. Mocha's own `bail` would also skip all other files after a failure. */
export function inOrder(suite: Suite): void {
  suite.beforeEach(function () {
    if (suite.tests.some((test) => test.state === 'failed')) this.skip();
  });
}
