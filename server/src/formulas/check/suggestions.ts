import { closestMatch } from '../../base/text';
import { limits } from '../limits';

/** "Did you mean …?" for unknown names; only for the first few, because each is compared with all known names. */
export class Suggestions {
  private left: number = limits.suggestions;

  /** The suggestion as the end of a message; empty if there is none. */
  suffix(name: string, known: Iterable<string>): string {
    const hint = this.didYouMean(name, known);
    return hint === undefined ? '' : `; ${hint}`;
  }

  didYouMean(name: string, known: Iterable<string>): string | undefined {
    const match = this.closest(name, known);
    return match === undefined || match === name ? undefined : `did you mean ${JSON.stringify(match)}?`;
  }

  /** The most similar known name; undefined if none is similar, or too many were looked up. */
  closest(name: string, known: Iterable<string>): string | undefined {
    this.left -= 1;
    return this.left >= 0 ? closestMatch(name, known) : undefined;
  }
}
