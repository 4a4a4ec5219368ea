import { z } from 'zod';
import { remember, type Memory } from '../../../base/editor';

const KEY = 'gastown.openTerminals';
const schema = z.object({ root: z.string(), agents: z.array(z.string()).max(100), active: z.string().optional() });

/**
 * Stores the agents whose terminals this window shows: after a reload VS Code restores its own terminals, but not
 * these.
 */
export class OpenTerminals {
  constructor(private readonly memory: Memory) {}

  of(root: string): { agents: string[]; active?: string } {
    const stored = schema.safeParse(this.memory.get(KEY));
    return stored.success && stored.data.root === root ? stored.data : { agents: [] };
  }

  set(root: string, agents: string[], active: string | undefined): void {
    remember(this.memory, KEY, { root, agents, active });
  }
}
