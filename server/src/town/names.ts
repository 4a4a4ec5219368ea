/** The polecats' names, in the order of assignment: the lowest free one comes first. */
export const defaultNames: readonly string[] = [
  'furiosa',
  'nux',
  'slit',
  'rictus',
  'capable',
  'toast',
  'dag',
  'cheedo',
  'valkyrie',
  'keeper',
  'morsov',
  'ace',
  'warboy',
  'imperator',
  'organic',
  'coma',
  'splendid',
  'angharad',
  'max',
  'immortan',
  'bullet',
  'toecutter',
  'goose',
  'nightrider',
  'glory',
  'scrotus',
  'chumbucket',
  'corpus',
  'dinki',
  'prime',
  'vuvalini',
  'rockryder',
  'buzzard',
  'citadel',
  'fury',
];

/** Names that are reserved for roles. */
const RESERVED = new Set(['witness', 'mayor', 'deacon', 'refinery', 'crew', 'polecats']);

/** The first name of the pool that is not taken; then numbers, if the pool is used up. */
export function freeName(taken: ReadonlySet<string>, pool: readonly string[] = defaultNames): string {
  const free = pool.find((name) => !taken.has(name) && !RESERVED.has(name));
  if (free) return free;
  let number = pool.length + 1;
  while (taken.has(`polecat-${number}`)) number += 1;
  return `polecat-${number}`;
}

/** A short bead prefix from a rig's name, different from those in use: `gas_town` → `gt`, `toolbox` → `too`. */
export function prefixFrom(rig: string, used: ReadonlySet<string>): string {
  const words = rig.toLowerCase().split('_').filter(Boolean);
  const base =
    (words.length > 1 ? words.map((word) => word[0]).join('') : (words[0] ?? 'rig').slice(0, 3)).slice(0, 6) || 'rig';
  let prefix = base;
  for (let number = 2; used.has(prefix) || prefix === 'hq'; number += 1) prefix = `${base}${number}`;
  return prefix;
}

/** Folders of a town that are not rigs. Some file systems do not distinguish `HQ` from `hq`. */
const TOWN_FOLDERS = new Set(['hq', 'mayor', 'deacon', 'settings', 'daemon', 'plugins', 'directives']);

export function isTownFolder(name: string): boolean {
  return TOWN_FOLDERS.has(name.toLowerCase());
}
