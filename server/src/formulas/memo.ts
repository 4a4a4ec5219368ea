import { UserError } from '../base/errors';

/** Remembers, by name, what a function returned or the UserError that it threw: within one request neither changes. */
export class Memo<T> {
  private readonly known = new Map<string, { value: T } | { error: UserError }>();

  /** @throws the UserError of `make`, also when it is asked again */
  get(name: string, make: () => T): T {
    let known = this.known.get(name);
    if (!known) {
      try {
        known = { value: make() };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        known = { error };
      }
      this.known.set(name, known);
    }
    if ('error' in known) throw known.error;
    return known.value;
  }
}
