import type { Bead } from '../../protocol/bead';

/** Finds beads with the same or similar texts. */

/** Groups of beads with the same content and state, each with more than one. */
export function sameContent<B extends Bead>(beads: readonly B[]): B[][] {
  const groups = new Map<string, B[]>();
  for (const bead of beads) {
    const { title, description, design, acceptance_criteria, status } = bead;
    const key = JSON.stringify([title, description ?? '', design ?? '', acceptance_criteria ?? '', status]);
    groups.set(key, [...(groups.get(key) ?? []), bead]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

export interface SimilarPair {
  a: Bead;
  b: Bead;
  /** 0 to 1. */
  similarity: number;
}

/** Pairs with at least this similarity, most similar first. */
export function similarPairs(beads: readonly Bead[], threshold: number): SimilarPair[] {
  const counts = beads.map((bead) => wordCounts(`${bead.title} ${bead.description ?? ''}`));
  const pairs = beads.flatMap((a, i) =>
    beads.slice(i + 1).map((b, offset) => ({ a, b, similarity: alike(counts[i]!, counts[i + 1 + offset]!) })),
  );
  return pairs.filter(({ similarity }) => similarity >= threshold).sort((x, y) => y.similarity - x.similarity);
}

function wordCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Mean of the Jaccard similarity of the words and of the cosine of their counts. */
function alike(a: Map<string, number>, b: Map<string, number>): number {
  const shared = [...a.keys()].filter((word) => b.has(word));
  const union = a.size + b.size - shared.length;
  if (union === 0) return 0;
  const length = (counts: Map<string, number>): number =>
    Math.sqrt([...counts.values()].reduce((sum, count) => sum + count * count, 0));
  const product = shared.reduce((sum, word) => sum + a.get(word)! * b.get(word)!, 0);
  const cosine = product / (length(a) * length(b) || 1);
  return (shared.length / union + cosine) / 2;
}
