import { UserError } from '../base/errors';

/** Caches results of a function, or the UserErrors that it threw, by name: within one request they do not change. */
export class Memo<T> {
  private readonly known = new Map<string, { value: T } | { error: UserError }>();

  /** The cached or new result. @throws the UserError of `make`, even if it is cached */
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
