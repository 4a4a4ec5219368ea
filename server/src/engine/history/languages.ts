import path from 'node:path';

/** File extensions by language. Files that are neither code nor text have none. */
const LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  c: ['c', 'h'],
  'c++': ['cc', 'cpp', 'cxx', 'hh', 'hpp'],
  'c#': ['cs'],
  clojure: ['clj', 'cljs'],
  css: ['css', 'less', 'scss'],
  dart: ['dart'],
  elixir: ['ex', 'exs'],
  go: ['go'],
  haskell: ['hs'],
  html: ['htm', 'html'],
  java: ['java'],
  javascript: ['cjs', 'js', 'jsx', 'mjs'],
  kotlin: ['kt', 'kts'],
  lua: ['lua'],
  markdown: ['md', 'mdx'],
  php: ['php'],
  python: ['py', 'pyi'],
  ruby: ['rb'],
  rust: ['rs'],
  scala: ['scala'],
  shell: ['bash', 'sh', 'zsh'],
  sql: ['sql'],
  swift: ['swift'],
  terraform: ['tf'],
  typescript: ['cts', 'mts', 'ts', 'tsx'],
};

const byEnding = new Map(
  Object.entries(LANGUAGES).flatMap(([language, endings]) => endings.map((ending) => [ending, language] as const)),
);

/** Languages of these files, most frequent first. */
export function languagesOf(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const file of files) {
    const language = byEnding.get(path.posix.extname(file).slice(1).toLowerCase());
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([language]) => language);
}
