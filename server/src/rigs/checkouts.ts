import { fastForwardState } from '../git/fastForward';
import type { Rig } from './rig';

/** How far a folder's checkout is behind what was merged. */
export type CheckoutState = Awaited<ReturnType<typeof fastForwardState>>;

/** The checkouts of people's folders beside what has landed for them, as they were last looked at. */
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

  /** People change a checkout outside of the town. One look at a time: an earlier one must not replace what a later has seen. */
  refresh(rig: Rig): Promise<void> {
    const look = this.looking.then(() => this.look(rig));
    this.looking = look.catch(() => undefined); // whoever asked is told
    return look;
  }

  private async look(rig: Rig): Promise<void> {
    const state = await fastForwardState(rig.repository).catch(() => undefined);
    if (JSON.stringify(state) === JSON.stringify(this.of(rig.name))) return;
    this.states.set(rig.name, state);
    this.onChanged();
  }
}
