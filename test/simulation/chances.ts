/** Pseudo-random numbers from a seed (mulberry32): the same seed, the same numbers. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** FNV-1a. */
export function hashOf(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** What a run is decided by; all of it follows from the seed. */
export interface Chances {
  /** Where the run is. */
  readonly round: number;
  /** All that has happened so far, such as `12: an agent hangs (toy/polecats/rust)`. */
  readonly history: readonly string[];
  beginRound(round: number): void;
  /** Timing and everyday life, in [0, 1). Every round has its own numbers. */
  random(): number;
  chance(probability: number): boolean;
  /**
   * Whether something out of the ordinary happens: a fault, a person who interferes, a part of the scenario. The answer depends
   * on the round and on `what` and `about` alone, and not on what else has happened: leaving one event out of a history keeps
   * the others.
   */
  happens(what: string, probability: number, about?: string): boolean;
  /** One of `count` equal choices, by `about` alone. */
  pick(count: number, about: string): number;
}

/** @param only events that may happen; all that the seed gives where it is missing */
export function chancesOf(seed: number, only?: ReadonlySet<string>): Chances {
  const history: string[] = [];
  const asked = new Map<string, number>();
  let round = 0;
  let stream = randomFrom(seed);
  return {
    get round() {
      return round;
    },
    history,
    beginRound: (next) => {
      round = next;
      asked.clear();
      stream = randomFrom(hashOf(String(next), seed));
    },
    random: () => stream(),
    chance: (probability) => stream() < probability,
    happens: (what, probability, about) => {
      const name = about === undefined ? what : `${what} (${about})`;
      const count = asked.get(name) ?? 0;
      asked.set(name, count + 1);
      const event = `${round}: ${name}${count === 0 ? '' : ` #${count + 1}`}`;
      if (randomFrom(hashOf(event, seed))() >= probability) return false;
      if (only && !only.has(event)) return false;
      history.push(event);
      return true;
    },
    pick: (count, about) => Math.floor(randomFrom(hashOf(about, seed))() * count),
  };
}
