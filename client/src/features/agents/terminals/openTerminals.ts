import type { Memento } from 'vscode';
import { z } from 'zod';

const KEY = 'gastown.openTerminals';
const schema = z.object({ root: z.string(), agents: z.array(z.string()).max(100), active: z.string().optional() });

/** Which agents' terminals this window shows: VS Code brings back its own terminals after a reload, but not these. */
export class OpenTerminals {
  constructor(private readonly memory: Memento) {}

  of(root: string): { agents: string[]; active?: string } {
    const stored = schema.safeParse(this.memory.get(KEY));
    return stored.success && stored.data.root === root ? stored.data : { agents: [] };
  }

  set(root: string, agents: string[], active: string | undefined): void {
    void this.memory.update(KEY, { root, agents, active });
  }
}
