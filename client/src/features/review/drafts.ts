import type { Memento } from 'vscode';
import { z } from 'zod';
import { Disposable, Emitter } from '../../../../server/src/base/lifecycle';
import { draftKey, type ChangeRef } from './changeUri';
import { requestText } from './requestText';

const KEY = 'gastown.reviewDrafts';
/** Of so many changes what was written is kept. */
const MAX_DRAFTS = 50;

const commentSchema = z.object({
  id: z.string(),
  path: z.string(),
  side: z.enum(['base', 'change']),
  line: z.number().int().min(1),
  endLine: z.number().int().min(1),
  text: z.string(),
});
/** What a person says about lines of a file; lines count from 1. */
export type LineComment = z.infer<typeof commentSchema>;

/** `at`: when it changed last, by which an open editor sees that it did. */
const draftSchema = z.object({
  bead: z.string(),
  text: z.string(),
  comments: z.array(commentSchema),
  at: z.number().default(0),
});
export type Draft = z.infer<typeof draftSchema>;

/** What a person has written about changes and not sent yet. It survives the window, and goes only once it has arrived. */
export class Drafts extends Disposable {
  private readonly clearEmitter = this._register(new Emitter<ChangeRef>());
  /** It was sent: nothing of it is left to show. */
  readonly onDidClear = this.clearEmitter.event;
  private readonly drafts: Map<string, Draft>;
  private number = 0;

  constructor(private readonly memory: Pick<Memento, 'get' | 'update'>) {
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

  /** What was written about an earlier layout of the change and not sent is a start for this one. Its own stays as it is. */
  carryOver(ref: ChangeRef): void {
    if (this.drafts.has(draftKey(ref))) return;
    const earlier = [...this.drafts.values()].filter((draft) => draft.bead === ref.bead).pop();
    if (earlier) this.setText(ref, requestText(earlier));
  }

  private set(ref: ChangeRef, draft: Draft): void {
    const key = draftKey(ref);
    this.drafts.delete(key); // the newest is the last
    if (draft.text.trim() !== '' || draft.comments.length > 0) this.drafts.set(key, { ...draft, at: Date.now() });
    void this.memory.update(KEY, [...this.drafts].slice(-MAX_DRAFTS));
  }
}

function empty({ bead }: ChangeRef): Draft {
  return { bead, text: '', comments: [], at: 0 };
}
