import { z } from 'zod';
import { l10n } from '../../base/editor';
import type { Argument } from '../../ui/command';

/**
 * Both sides of a change, read-only. The query of a URI is a `ChangeRef` with its side, the path is that of the file.
 */
export const CHANGE_SCHEME = 'gastown-change';
/** The user's unsent draft about a change. */
export const DRAFT_SCHEME = 'gastown-review';

const hash = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);

/** One version of a change, identified by its commits. */
export const changeRefSchema = z.object({
  bead: z.string().min(1),
  request: z.string().min(1),
  rig: z.string().min(1),
  title: z.string(),
  base: hash,
  commit: hash,
  /** The patch-id, to which a verdict applies; missing until a review is requested. */
  patch: z.string().optional(),
});
export type ChangeRef = z.infer<typeof changeRefSchema>;

/** `about` is the page before the files, `whole` the editor of all files. */
const sides = ['base', 'change', 'about', 'whole'] as const;
const changeSchema = changeRefSchema.extend({ side: z.enum(sides) });
export type ChangeSide = (typeof sides)[number];

/** A URI without VS Code. It contains everything, so that it can be read after a reload. */
export interface UriParts {
  scheme: string;
  path: string;
  query: string;
}

const uriSchema = z.object({ scheme: z.string(), path: z.string(), query: z.string() });

export function changeUri(ref: ChangeRef, side: ChangeSide, path: string): UriParts {
  return { scheme: CHANGE_SCHEME, path: `/${path}`, query: JSON.stringify({ ...ref, side }) };
}

/** File name of the page before the files. */
export function aboutName(): string {
  return l10n.t('About this change.md');
}

export function draftUri(ref: ChangeRef): UriParts {
  // The tab shows the name; the query identifies the change.
  return {
    scheme: DRAFT_SCHEME,
    path: `/Request Changes ${ref.bead.replace(/[^\w.-]+/g, ' ')}.md`,
    query: JSON.stringify({ ...ref, side: 'whole' }),
  };
}

export interface ChangeDocument {
  ref: ChangeRef;
  side: ChangeSide;
  path: string;
}

/** Reads a URI of either scheme; undefined for any other. Pure. */
export function readChangeUri(raw: unknown): ChangeDocument | undefined {
  const uri = uriSchema.safeParse(raw).data;
  if (!uri || (uri.scheme !== CHANGE_SCHEME && uri.scheme !== DRAFT_SCHEME)) return undefined;
  const parsed = changeSchema.safeParse(json(uri.query)).data;
  if (!parsed) return undefined;
  const { side, ...ref } = parsed;
  return { ref, side, path: uri.path.replace(/^\//, '') };
}

/** Reads the argument of editor titles, which is the URI of the displayed change. */
export function readChangeArgument(raw: unknown): Argument | undefined {
  const change = readChangeUri(raw);
  if (!change) return undefined;
  const bead = { kind: 'bead', id: change.ref.bead } as const;
  return { target: bead, targets: [bead], params: { change: change.ref } };
}

/** Key of the draft about this change: the same patch on another base has the same draft. */
export function draftKey({ patch, commit }: ChangeRef): string {
  return patch ?? commit;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
