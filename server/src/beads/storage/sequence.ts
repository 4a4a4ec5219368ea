/** Numbers of journal records. They increase over all journals and restarts, independent of the clock. */
export class Sequence {
  private value = 0;

  get last(): number {
    return this.value;
  }

  /** Close to the time in microseconds, so that numbers of ledgers from different towns are ordered, too. */
  next(now: Date): number {
    this.value = Math.max(this.value + 1, now.getTime() * 1000);
    return this.value;
  }

  sawUpTo(seq: number): void {
    this.value = Math.max(this.value, seq);
  }
}
