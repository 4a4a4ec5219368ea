/** Progress lines of git: a percentage, or a count. */
const PROGRESS =
  /^(?:remote: )?\s*(?:(?:Enumerating|Counting|Compressing|Receiving|Resolving|Writing|Unpacking|Updating|Checking|Filtering|Expanding|Finding)\b.*?:\s+\d+|Total \d+|Delta compression using)/;

/** Git's output without progress lines. */
export function withoutProgress(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !PROGRESS.test(line));
  return lines.join('\n');
}

/** The messages of the remote, which git prints as `remote: …`. */
export function remoteLines(stderr: string): string {
  return withoutProgress(stderr)
    .split('\n')
    .flatMap((line) => /^remote:(?: (.*))?$/.exec(line)?.[1]?.trim() || [])
    .join('\n');
}

/**
 * Removes the part before the `@` of URLs, which may be a password or a token. The user of an ssh address is not a
 * secret and stays.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*):\/\/([^\s/'"<>]+)@/gi, (_all, scheme: string, user: string) =>
    /^(?:git\+)?ssh$/i.test(scheme) ? `${scheme}://${user.split(':')[0]}@` : `${scheme}://`,
  );
}
