import { fastForwardState } from '../git/fastForward';
import type { Rig } from './rig';

/** How far a folder's checkout is behind merged work. */
export type CheckoutState = Awaited<ReturnType<typeof fastForwardState>>;

/** State of users' checkouts relative to landed work, as of the last refresh. */
export class Checkouts {
  private readonly states = new Map<string, CheckoutState>();
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly onChanged: () => void) {}

  of(rig: string): CheckoutState {
    return this.states.get(rig);
  }

  forget(rig: string): void {
    this.states.delete(rig);
  }

  /**
   * Reads the state again, because users change a checkout outside of the town. Refreshes run one at a time, so that an
   * earlier one does not overwrite a later result.
   */
  refresh(rig: Rig): Promise<void> {
    const look = this.looking.then(() => this.look(rig));
    this.looking = look.catch(() => undefined); // the caller gets the error
    return look;
  }

  private async look(rig: Rig): Promise<void> {
    const state = await fastForwardState(rig.repository).catch(() => undefined);
    if (JSON.stringify(state) === JSON.stringify(this.of(rig.name))) return;
    this.states.set(rig.name, state);
    this.onChanged();
  }
}
