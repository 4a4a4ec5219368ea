import type { Pty } from './pty';

const CHECK_MS = 50;

/**
 * Pauses and resumes the reading of a program's output, so that a program that writes faster than its readers is slowed
 * down instead of filling our memory.
 */
export class FlowControl {
  private timer: NodeJS.Timeout | undefined;
  private ended = false;

  /** @param check called every 50 ms while the program is paused */
  constructor(
    private readonly pty: Pty,
    private readonly check: () => void,
  ) {}

  update(pause: boolean): void {
    if (this.ended || pause === (this.timer !== undefined)) return;
    if (!pause) return this.resume();
    this.pty.pause();
    this.timer = setInterval(() => {
      // The remaining output of an ended program is lost unless it is read at once.
      if (!isRunning(this.pty.pid)) this.end();
      else this.check();
    }, CHECK_MS);
  }

  /** Stops pausing, for an ended program. */
  end(): void {
    this.ended = true;
    if (this.timer) this.resume();
  }

  private resume(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.pty.resume();
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
