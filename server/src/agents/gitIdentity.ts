import type { GitIdentity } from '../git/git';

/**
 * The git identity of an agent: `toy/polecats/rust` is the name, with the address `toy.polecats.rust@<domain>`.
 * @param domain `agent_email_domain` of the town's settings
 */
export function identityOf(agent: string, domain: string): GitIdentity {
  return { name: agent, email: `${agent.replaceAll('/', '.')}@${domain}` };
}
