import { AbortedError, currentSignal, throwIfAborted } from '../base/abort';

/**
 * A slot for a gate run, with its own checkout. 0 is the private slot of each queue, the others are shared by the rig.
 */
export interface GateSlot {
  index: number;
  release(): void;
}

interface Waiting {
  queue: string;
  start(index: number): void;
}

/**
 * Limits the parallel gate runs of a rig. Each queue (a target branch, a lane) has one slot of its own, so that no
 * queue waits for another one; further slots of the rig are shared by all of them.
 */
export class GateSlots {
  private readonly taken = new Set<string>();
  private readonly waiting: Waiting[] = [];

  /** @param width maximum number of parallel gate runs, 1 or more; read again each time */
  constructor(private readonly width: () => number) {}

  /** Waits for a slot. @throws AbortedError if the running operation is cancelled meanwhile */
  async take(queue: string): Promise<GateSlot> {
    throwIfAborted();
    const free = this.freeIndex(queue);
    if (free !== undefined) return this.slot(queue, free);
    const signal = currentSignal();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        queue,
        start: (index) => {
          signal?.removeEventListener('abort', abort);
          resolve(this.slot(queue, index));
        },
      };
      const abort = (): void => {
        this.waiting.splice(this.waiting.indexOf(waiting), 1);
        reject(new AbortedError());
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.waiting.push(waiting);
    });
  }

  /** A shared slot for a spare run, whose result is not needed yet; undefined if none is free. */
  takeSpare(): GateSlot | undefined {
    const index = this.waiting.length > 0 ? undefined : this.sharedIndex();
    return index === undefined ? undefined : this.slot('', index);
  }

  private slot(queue: string, index: number): GateSlot {
    const key = keyOf(queue, index);
    this.taken.add(key);
    return {
      index,
      release: () => {
        if (this.taken.delete(key)) this.startWaiting();
      },
    };
  }

  private startWaiting(): void {
    for (const waiting of [...this.waiting]) {
      const index = this.freeIndex(waiting.queue);
      if (index === undefined) continue;
      this.waiting.splice(this.waiting.indexOf(waiting), 1);
      waiting.start(index);
    }
  }

  private freeIndex(queue: string): number | undefined {
    return this.taken.has(keyOf(queue, 0)) ? this.sharedIndex() : 0;
  }

  private sharedIndex(): number | undefined {
    for (let index = 1; index < this.width(); index += 1) if (!this.taken.has(keyOf('', index))) return index;
    return undefined;
  }
}

function keyOf(queue: string, index: number): string {
  return index === 0 ? `0 ${queue}` : String(index);
}
