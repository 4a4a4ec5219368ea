/** What a link may open. Following a link only shows the item and changes nothing. */
export const linkKinds = ['bead', 'convoy', 'agent', 'review', 'attention'] as const;
export type LinkKind = (typeof linkKinds)[number];

export interface LinkTarget {
  kind: LinkKind;
  id: string;
}

/** Ids of beads and addresses of agents. Links are untrusted, so nothing else is accepted. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

/** Reads the path of `vscode://gastown.gastown-vscode/<kind>/<id>`. Pure. */
export function readLink(path: string): LinkTarget | undefined {
  const match = /^\/([a-z]+)\/(.+?)\/?$/.exec(path);
  const kind = linkKinds.find((known) => known === match?.[1]);
  const id = match?.[2] ?? '';
  return kind && idPattern.test(id) && !id.includes('..') ? { kind, id } : undefined;
}

/** A link for the editor that answers to `scheme`. Pure. */
export function linkTo(target: LinkTarget, scheme: string, extension: string): string {
  return `${scheme}://${extension}/${target.kind}/${target.id.split('/').map(encodeURIComponent).join('/')}`;
}
