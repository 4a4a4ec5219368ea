import { z } from 'zod';
import { readTextIfPresent, writeFileAtomic, appendText, PRIVATE_FILE } from '../../base/safeFiles';
import { actionKey, type Action } from './action';

const line = z.object({ phase: z.enum(['start', 'end']), key: z.string(), type: z.string(), at: z.string() });

export interface UnfinishedAction {
  key: string;
  type: string;
  at: string;
}

/**
 * Log of started and finished actions, written before and after each, so that a server knows after a crash which ones
 * to check first.
 */
export class ActionLog {
  private readonly open = new Map<string, UnfinishedAction>();
  private lines = 0;

  constructor(private readonly file: string) {}

  /** Actions that the last server left unfinished. Starts a new log. */
  recover(): UnfinishedAction[] {
    const unfinished = new Map<string, UnfinishedAction>();
    for (const text of (readTextIfPresent(this.file) ?? '').split('\n')) {
      const entry = parse(text);
      if (entry?.phase === 'start') unfinished.set(entry.key, { key: entry.key, type: entry.type, at: entry.at });
      else if (entry) unfinished.delete(entry.key);
    }
    writeFileAtomic(this.file, '', PRIVATE_FILE);
    return [...unfinished.values()];
  }

  begin(action: Action, at: Date): void {
    const entry = { key: actionKey(action), type: action.type, at: at.toISOString() };
    this.open.set(entry.key, entry);
    this.append({ phase: 'start', ...entry });
  }

  end(action: Action, at: Date): void {
    this.open.delete(actionKey(action));
    this.append({ phase: 'end', key: actionKey(action), type: action.type, at: at.toISOString() });
    if (this.lines > 2000) this.compact();
  }

  private append(entry: z.input<typeof line>): void {
    appendText(this.file, `${JSON.stringify(entry)}\n`);
    this.lines += 1;
  }

  private compact(): void {
    writeFileAtomic(
      this.file,
      [...this.open.values()].map((entry) => `${JSON.stringify({ phase: 'start', ...entry })}\n`).join(''),
      PRIVATE_FILE,
    );
    this.lines = this.open.size;
  }
}

/** A torn last line is ignored. */
function parse(text: string): z.output<typeof line> | undefined {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
