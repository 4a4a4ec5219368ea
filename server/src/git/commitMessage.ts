import { cutBytes } from '../base/text';
import { git, type GitIdentity } from './git';
import type { RigRepository } from './repository';

export interface LoggedCommit {
  hash: string;
  /** Hashes with spaces between them. */
  parents: string;
  author: GitIdentity;
  /** The complete message, unchanged. */
  message: string;
  /** The block of trailers at its end (`git help interpret-trailers`), unchanged. */
  trailers: string;
}

const FIELDS = ['%H', '%P', '%an', '%ae', '%aI', '%B', '%(trailers)'].join('%x1f');
/** Number of arguments that every system accepts. */
const MAX_MESSAGE_BYTES = 60_000;

/** Commits of a branch after `from` (undefined: all), oldest first, without merges. */
export async function branchLog(
  repository: RigRepository,
  from: string | undefined,
  tip: string,
): Promise<LoggedCommit[]> {
  const text = await git(repository.directory, [
    'log',
    '--reverse',
    '--topo-order',
    '--no-merges',
    `--format=${FIELDS}%x1e`,
    tip,
    ...(from === undefined ? [] : [`^${from}`]),
    '--',
  ]);
  return text
    .split('\x1e')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => {
      const [hash, parents, name, email, date, message, trailers] = entry.split('\x1f');
      return {
        hash: hash!.trim(),
        parents: parents!,
        author: { name: name!, email: email!, date: date! },
        message: message!.trimEnd(),
        trailers: trailers!.trim(),
      };
    });
}

/**
 * The message of a squashed commit: titles and bodies in order, and all trailers once, at the end, where git expects
 * them.
 */
export function squashMessage(title: string, commits: readonly LoggedCommit[], own: readonly string[]): string {
  const parts = commits.map(({ message, trailers }) => {
    const text = trailers !== '' && message.endsWith(trailers) ? message.slice(0, -trailers.length) : message;
    return text.trim();
  });
  const body = parts.filter((part) => part !== '' && part !== title).map((part) => `* ${part}`);
  const lines = commits.flatMap(({ trailers }) => unfolded(trailers));
  const trailers = [...new Set([...lines, ...own])].join('\n');
  const room = MAX_MESSAGE_BYTES - Buffer.byteLength(title + trailers);
  return [title, cutBytes(body.join('\n\n'), Math.max(0, room)), trailers].filter(Boolean).join('\n\n');
}

/** Trailers with their continuation lines, which start with white space. */
function unfolded(trailers: string): string[] {
  return trailers
    .split(/\n(?![ \t])/)
    .map((trailer) => trailer.trimEnd())
    .filter(Boolean);
}
