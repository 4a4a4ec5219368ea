/** A rig's name from a folder or URL: its last part, in letters, digits and `_`. Pure. */
export function rigNameFrom(source: string, taken: ReadonlySet<string> = new Set()): string {
  const last =
    source
      .replace(/[\\/]+$/, '')
      .replace(/\.git$/, '')
      .split(/[\\/:]/)
      .pop() ?? '';
  const clean = last
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40);
  const base = /^[A-Za-z0-9]/.test(clean) && !reserved.has(clean) ? clean : 'rig';
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base}_${number}`;
  return name;
}

/** Names of folders of the town itself. */
const reserved = new Set(['hq', 'mayor', 'deacon', 'settings', 'daemon', 'plugins', 'directives']);
