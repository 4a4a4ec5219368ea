/** Numbers of journal records. They rise over all journals and restarts, whatever the clock does. */
export class Sequence {
  private value = 0;

  get last(): number {
    return this.value;
  }

  /** Close to the time in microseconds, so that numbers of ledgers that were apart for a while are in order too. */
  next(now: Date): number {
    this.value = Math.max(this.value + 1, now.getTime() * 1000);
    return this.value;
  }

  sawUpTo(seq: number): void {
    this.value = Math.max(this.value, seq);
  }
}
