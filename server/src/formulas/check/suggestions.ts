import { closestMatch } from '../../base/text';
import { limits } from '../limits';

/** "Did you mean …?" for unknown names; only for the first few, because each is compared with all known names. */
export class Suggestions {
  private left: number = limits.suggestions;

  /** The suggestion as the end of a message; empty where there is none. */
  suffix(name: string, known: Iterable<string>): string {
    const hint = this.didYouMean(name, known);
    return hint === undefined ? '' : `; ${hint}`;
  }

  didYouMean(name: string, known: Iterable<string>): string | undefined {
    const match = this.left > 0 ? closestMatch(name, known) : undefined;
    this.left -= 1;
    return match === undefined || match === name ? undefined : `did you mean ${JSON.stringify(match)}?`;
  }
}

const MAX_SHOWN = 100;

/** A name in quotes for a message; only its first characters if it is very long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);
}
