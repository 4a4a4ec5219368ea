/** How git shows that it is still at work: a percentage, or a count. */
const PROGRESS =
  /^(?:remote: )?\s*(?:(?:Enumerating|Counting|Compressing|Receiving|Resolving|Writing|Unpacking|Updating|Checking|Filtering|Expanding|Finding)\b.*?:\s+\d+|Total \d+|Delta compression using)/;

/** What git said, without the lines that only show progress. */
export function withoutProgress(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !PROGRESS.test(line));
  return lines.join('\n');
}

/** What the other side of a connection said, as git prints it: `remote: …`. */
export function remoteLines(stderr: string): string {
  return withoutProgress(stderr)
    .split('\n')
    .flatMap((line) => /^remote:(?: (.*))?$/.exec(line)?.[1]?.trim() || [])
    .join('\n');
}

/**
 * Text without what stands before the `@` of URLs: there it is a password or a token, or may be one. The user of an ssh
 * address is not a secret and stays.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*):\/\/([^\s/'"<>]+)@/gi, (_all, scheme: string, user: string) =>
    /^(?:git\+)?ssh$/i.test(scheme) ? `${scheme}://${user.split(':')[0]}@` : `${scheme}://`,
  );
}
