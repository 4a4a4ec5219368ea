import type { Draft } from './drafts';

/** What is sent: the person's text, and below it what they said about lines, by file and line. Pure. */
export function requestText({ text, comments }: Pick<Draft, 'text' | 'comments'>): string {
  const sorted = [...comments].sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
  const list = sorted.map(({ path, side, line, endLine, text: said }) => {
    const lines = endLine > line ? `${line}-${endLine}` : `${line}`;
    // What is gone has no line in the author's worktree.
    const where = `${path}:${lines}${side === 'base' ? ' (before the change)' : ''}`;
    return `- ${where}: ${said.trim().replace(/\r?\n/g, '\n  ')}`;
  });
  return [text.trim(), list.join('\n')].filter(Boolean).join('\n\n');
}
