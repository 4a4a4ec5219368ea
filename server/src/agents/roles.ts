import type { AgentRole } from '../town/layout';

/**
 * The first prompt to an agent, and the prompt for a resumed conversation; the agent gets everything else from `gt
 * prime`.
 */
const words: Readonly<Record<AgentRole, { begin?: string; resume?: string }>> = {
  polecat: {
    begin: 'Run `gt prime` and do the work on your hook as described there. End with `gt done`.',
    resume:
      'Your session was interrupted. Run `gt prime`, check `git status` and `git log`, and continue where you stopped. End with `gt done`.',
  },
  refinery: {
    begin: 'Run `gt prime` and review the change as described there. End with `gt mq approve` or `gt mq reject`.',
    resume:
      'Your session was interrupted. Run `gt prime` and continue your review. End with `gt mq approve` or `gt mq reject`.',
  },
  mayor: {
    begin: 'Run `gt prime` and follow it.',
    resume: 'Run `gt prime` and follow it: there are new requests or mails.',
  },
  // A user's workspace: the user types the first prompt.
  crew: {},
};

export function kickoff(role: AgentRole, resumed: boolean): string | undefined {
  return resumed ? words[role].resume : words[role].begin;
}
