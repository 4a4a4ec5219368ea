import type { Suite } from 'mocha';
import { lanesOf, vscodeVersion, type LaneName } from '../harness/vscodeServer';

/** A `describe` for each VS Code that is asked for: the oldest runs every story, the newest the main ones. */
export function inVsCode(title: string, kind: 'main' | 'oldest', body: (this: Suite, lane: LaneName) => void): void {
  for (const lane of lanesOf(kind === 'main')) {
    describe(`${title} (VS Code ${vscodeVersion(lane)})`, function () {
      this.timeout(180_000);
      body.call(this, lane);
    });
  }
}
