import type { Log } from '../../../client/src/base/editor';

/** A log that keeps its warnings and errors, for tests that look at them. */
export class QuietLog implements Log {
  readonly problems: string[] = [];

  debug(): void {}
  info(): void {}

  warn(message: string): void {
    this.problems.push(message);
  }

  error(message: string): void {
    this.problems.push(message);
  }
}
