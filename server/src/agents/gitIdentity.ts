import type { GitIdentity } from '../git/git';

/**
 * Who commits for an agent: `toy/polecats/rust` has that name and the address `toy.polecats.rust@<domain>`.
 * @param domain `agent_email_domain` of the town's settings
 */
export function identityOf(agent: string, domain: string): GitIdentity {
  return { name: agent, email: `${agent.replaceAll('/', '.')}@${domain}` };
}
