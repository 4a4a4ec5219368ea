import type { AgentRole } from '../town/layout';

/**
 * The first prompt to an agent, and the prompt for a resumed conversation; the agent gets everything else from `gt
 * prime`.
 */
const words: Readonly<Record<AgentRole, { begin?: string; resume?: string }>> = {
  polecat: {
    begin: 'Run `gt prime` and do the work on your hook as it says. End with `gt done`.',
    resume:
      'Your session was interrupted. Run `gt prime`, look at `git status` and `git log`, and go on where you stopped. End with `gt done`.',
  },
  refinery: {
    begin: 'Run `gt prime` and review the change as it says. End with `gt mq approve` or `gt mq reject`.',
    resume:
      'Your session was interrupted. Run `gt prime` and go on with your review. End with `gt mq approve` or `gt mq reject`.',
  },
  mayor: {
    begin: 'Run `gt prime` and do what it says.',
    resume: 'Run `gt prime` and do what it says: there is something new for you.',
  },
  // A user's workspace: the user types the first prompt.
  crew: {},
};

export function kickoff(role: AgentRole, resumed: boolean): string | undefined {
  return resumed ? words[role].resume : words[role].begin;
}
