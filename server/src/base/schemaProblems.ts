/** Most problems that a message names. */
const MAX_ISSUES = 5;

/** What a schema found wrong with a value, as one line: `review: Invalid option: expected one of …`. */
export function schemaProblems({
  issues,
}: {
  issues: readonly { path: readonly PropertyKey[]; message: string }[];
}): string {
  const texts = issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    const place = path.map(String).join('.');
    return place ? `${place}: ${message}` : message;
  });
  const more = issues.length - texts.length;
  return texts.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
