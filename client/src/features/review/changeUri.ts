import { z } from 'zod';
import { l10n } from '../../base/l10n';

/** Both sides of a change, read-only. */
export const CHANGE_SCHEME = 'gastown-change';
/** What a person writes about a change before it is sent. */
export const DRAFT_SCHEME = 'gastown-review';

const hash = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);

/** One layout of a change, pinned by its commits: laid out anew it is another one, with documents of its own. */
export const changeRefSchema = z.object({
  bead: z.string().min(1),
  request: z.string().min(1),
  rig: z.string().min(1),
  title: z.string(),
  base: hash,
  commit: hash,
  /** What a verdict is about; missing while nobody has laid the change out for review. */
  patch: z.string().optional(),
});
export type ChangeRef = z.infer<typeof changeRefSchema>;

/** `about` is the page that comes first, `whole` the editor around all files. */
const sides = ['base', 'change', 'about', 'whole'] as const;
const changeSchema = changeRefSchema.extend({ side: z.enum(sides) });
export type ChangeSide = (typeof sides)[number];

/** The parts of a URI that say everything, so that it is readable after a reload, too. */
export interface UriParts {
  scheme: string;
  path: string;
  query: string;
}

const uriSchema = z.object({ scheme: z.string(), path: z.string(), query: z.string() });

export function changeUri(ref: ChangeRef, side: ChangeSide, path: string): UriParts {
  return { scheme: CHANGE_SCHEME, path: `/${path}`, query: JSON.stringify({ ...ref, side }) };
}

/** The page that comes before the files. */
export function aboutName(): string {
  return l10n.t('About this change.md');
}

export function draftUri(ref: ChangeRef): UriParts {
  // The name stands in the tab; what is meant stands in the query.
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

/** What a URI of either scheme means; undefined for any other. Pure. */
export function readChangeUri(raw: unknown): ChangeDocument | undefined {
  const uri = uriSchema.safeParse(raw).data;
  if (!uri || (uri.scheme !== CHANGE_SCHEME && uri.scheme !== DRAFT_SCHEME)) return undefined;
  const parsed = changeSchema.safeParse(json(uri.query)).data;
  if (!parsed) return undefined;
  const { side, ...ref } = parsed;
  return { ref, side, path: uri.path.replace(/^\//, '') };
}

/** Where what a person writes about this change is kept: the same patch on another base is the same change. */
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
