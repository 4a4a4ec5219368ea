// Installs the agents' own programs from the npm registry, each with an exact version, outside the checkout.
import path from 'node:path';
import { rmSync } from 'node:fs';
import { installOnce, type Log } from './cache';
import { npmEnv, runCommand } from './commands';

/** The versions that the runtime manifests (`server/src/agents/presets`) were tested with. */
export const agentPrograms = {
  claude: { spec: '@anthropic-ai/claude-code@2.1.197' },
  codex: { spec: '@openai/codex@0.169.0' },
  gemini: { spec: '@google/gemini-cli@0.61.0' },
  copilot: { spec: '@github/copilot@1.0.102' },
  opencode: { spec: 'opencode-ai@1.18.33' },
} as const;
export type AgentProgram = keyof typeof agentPrograms;

const installs = new Map<AgentProgram, Promise<string>>();

/** The folder with the program, to be put on PATH. @throws Error that says why it cannot be installed */
export function installAgent(name: AgentProgram, log: Log): Promise<string> {
  // A failure is kept, too: a second attempt would fail as well.
  const install = installs.get(name) ?? installNow(name, log);
  installs.set(name, install);
  return install;
}

async function installNow(name: AgentProgram, log: Log): Promise<string> {
  const { spec } = agentPrograms[name];
  const id = `agent-${spec.replace(/^@/, '').replace(/[/@]/g, '-')}-${process.platform}-${process.arch}`;
  try {
    const folder = await installOnce(id, log, async (directory) => {
      await runCommand(
        'npm',
        ['install', '--prefix', directory, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', spec],
        { cwd: directory, env: npmEnv() },
      );
      rmSync(path.join(directory, 'package-lock.json'), { force: true });
    });
    return path.join(folder, 'node_modules', '.bin');
  } catch (error) {
    throw new Error(
      `${spec} cannot be installed from the npm registry, so nothing can be said about the runtime ${name}: ${String(error)}`,
    );
  }
}
