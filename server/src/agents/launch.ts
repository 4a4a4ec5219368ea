import path from 'node:path';
import { chooseConversation } from './conversations';
import { loginEnvironment, sessionEnvironment } from './environment';
import { commandFor, conversationWays, resolveRuntime } from './runtimes';
import { kickoff } from './roles';
import { writeShims } from '../base/shims';
import { UserError } from '../base/errors';
import { writeFileAtomic } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { identityOf } from './gitIdentity';
import type { Launch } from '../sessions/manager';
import type { SessionRequest } from '../sessions/types';
import { SHELL_RUNTIME, type RuntimeInfo } from '../protocol/town';
import { agentsFile, rigSettingsFile, signingOf, townSettingsFile } from '../town/config';
import type { AgentLocation, TownLayout } from '../town/layout';
import { shellRuntime } from './shellRuntime';

interface LaunchTown {
  readonly layout: TownLayout;
  /** Checks that a rig exists and is usable. @throws UserError otherwise */
  requireRig(name: string): void;
}

/** Puts together how a session starts: runtime, arguments, environment, and the files next to the worktree. */
export function sessionLauncher(town: LaunchTown, isAccepted: (runtime: RuntimeInfo) => boolean) {
  return async (
    given: SessionRequest,
    seat: AgentLocation,
    session: { id: string; token: string },
  ): Promise<Launch> => {
    const { layout } = town;
    // The Mayor has one conversation, independent of the bead.
    const request = seat.role === 'mayor' ? { ...given, bead: undefined } : given;
    if (seat.rig !== undefined) town.requireRig(seat.rig);
    const isShell = seat.role === 'crew' && request.runtime === SHELL_RUNTIME;
    const runtime = isShell ? shellRuntime() : resolveRuntime(request.runtime, agentsFile(layout).read().agents);
    // Its settings may have changed since the reconciler read them.
    if (!isShell && !isAccepted(runtime))
      throw new UserError(`the current settings of the runtime ${runtime.name} are not accepted`, undefined, 'consent');
    writeShims({ directory: layout.bin });
    const base = await loginEnvironment();
    const known = { ...base, ...runtime.env };
    const ways = conversationWays(runtime);
    const conversation =
      ways &&
      chooseConversation({
        file: path.join(seat.home, 'conversation.json'),
        ways,
        bead: request.bead,
        runtime: request.runtime,
        resume: request.resume,
        env: known,
        worktree: seat.cwd,
      });
    const command = commandFor(runtime, {
      prompt: kickoff(seat.role, conversation?.resume ?? false),
      model: request.model,
      conversation,
      place: { home: seat.home, worktree: seat.cwd, bin: layout.bin, asRoot: process.getuid?.() === 0, env: known },
    });
    for (const file of command.files) writeFileAtomic(file.path, file.text);
    const env = sessionEnvironment({
      base,
      root: layout.root,
      bin: layout.bin,
      seat,
      session: session.id,
      token: session.token,
      git: identityOf(request.agent, townSettingsFile(layout).read().agent_email_domain),
      signing: seat.rig === undefined ? undefined : signingOf(rigSettingsFile(layout.rig(seat.rig)).read()),
      runtime: command.env,
    });
    if (!isPresent(seat.cwd)) throw new UserError(`the folder ${seat.cwd} is gone`, undefined, 'not-found');
    return { command: command.command, args: command.args, cwd: seat.cwd, env, conversation: conversation?.known };
  };
}
