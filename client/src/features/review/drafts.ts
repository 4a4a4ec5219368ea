import { z } from 'zod';
import { Disposable, Emitter } from '../../../../server/src/base/lifecycle';
import { remember, type Memory } from '../../base/editor';
import { draftKey, type ChangeRef } from './changeUri';

const KEY = 'gastown.reviewDrafts';
/** Maximum number of drafts; the newest are kept. */
const MAX_DRAFTS = 50;

const commentSchema = z.object({
  id: z.string(),
  path: z.string(),
  side: z.enum(['base', 'change']),
  line: z.number().int().min(1),
  endLine: z.number().int().min(1),
  text: z.string(),
});
/** A comment of the user on lines of a file; lines count from 1. */
export type LineComment = z.infer<typeof commentSchema>;

/** `at`: time of the last change, with which an open editor detects it. */
const draftSchema = z.object({
  bead: z.string(),
  text: z.string(),
  comments: z.array(commentSchema),
  at: z.number().default(0),
});
export type Draft = z.infer<typeof draftSchema>;

/** The user's unsent texts about changes. They survive the window, and are deleted once the server has them. */
export class Drafts extends Disposable {
  private readonly clearEmitter = this._register(new Emitter<ChangeRef>());
  /** Fires when the draft of a change was sent. */
  readonly onDidClear = this.clearEmitter.event;
  private readonly drafts: Map<string, Draft>;
  private number = 0;

  constructor(private readonly memory: Memory) {
    super();
    const stored = z.array(z.tuple([z.string(), draftSchema])).safeParse(memory.get(KEY));
    this.drafts = new Map(stored.data ?? []);
  }

  of(ref: ChangeRef): Draft {
    return this.drafts.get(draftKey(ref)) ?? empty(ref);
  }

  setText(ref: ChangeRef, text: string): void {
    this.set(ref, { ...this.of(ref), text });
  }

  addComment(ref: ChangeRef, comment: Omit<LineComment, 'id'>): LineComment {
    const draft = this.of(ref);
    const taken = new Set(draft.comments.map((other) => other.id));
    let id: string;
    do id = `${draftKey(ref)}:${++this.number}`;
    while (taken.has(id));
    const added = { ...comment, id };
    this.set(ref, { ...draft, comments: [...draft.comments, added] });
    return added;
  }

  removeComment(ref: ChangeRef, id: string): void {
    const draft = this.of(ref);
    this.set(ref, { ...draft, comments: draft.comments.filter((comment) => comment.id !== id) });
  }

  clear(ref: ChangeRef): void {
    this.set(ref, empty(ref));
    this.clearEmitter.fire(ref);
  }

  /**
   * Starts the draft of a new version of a change with the unsent draft of the last version. An existing draft stays.
   */
  startFromPrevious(ref: ChangeRef): void {
    if (this.drafts.has(draftKey(ref))) return;
    const earlier = [...this.drafts.values()].filter((draft) => draft.bead === ref.bead).pop();
    if (earlier) this.setText(ref, requestText(earlier));
  }

  private set(ref: ChangeRef, draft: Draft): void {
    const key = draftKey(ref);
    this.drafts.delete(key); // so that the newest is the last
    if (draft.text.trim() !== '' || draft.comments.length > 0) this.drafts.set(key, { ...draft, at: Date.now() });
    for (const oldest of [...this.drafts.keys()].slice(0, -MAX_DRAFTS)) this.drafts.delete(oldest);
    remember(this.memory, KEY, [...this.drafts]);
  }
}

function empty({ bead }: ChangeRef): Draft {
  return { bead, text: '', comments: [], at: 0 };
}

/** The text to send: the user's own, followed by their comments by file and line. Pure. */
export function requestText({ text, comments }: Pick<Draft, 'text' | 'comments'>): string {
  const sorted = [...comments].sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
  const list = sorted.map(({ path, side, line, endLine, text: comment }) => {
    const lines = endLine > line ? `${line}-${endLine}` : `${line}`;
    // Deleted lines are not in the author's worktree.
    const where = `${path}:${lines}${side === 'base' ? ' (before the change)' : ''}`;
    return `- ${where}: ${comment.trim().replace(/\r?\n/g, '\n  ')}`;
  });
  return [text.trim(), list.join('\n')].filter(Boolean).join('\n\n');
}
