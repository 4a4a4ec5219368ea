import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { loginEnvironment, sessionEnvironment } from '../agents/environment';
import { claudeConversationFile } from '../agents/claude';
import { canResume, commandFor, resolveRuntime, settingsFor } from '../agents/runtimes';
import { kickoff } from '../agents/roles';
import { writeShims } from '../agents/shims';
import { UserError } from '../base/errors';
import { readTextIfPresent, writeFileAtomic, writeJsonAtomic } from '../base/atomicFile';
import { identityOf } from '../engine/adapters/rig';
import type { Launch } from '../engine/adapters/sessions';
import type { SessionRequest } from '../engine/ports';
import type { RuntimeInfo } from '../protocol/town';
import { agentsFile, townSettingsFile } from '../town/config';
import type { Seat, TownLayout } from '../town/layout';
import type { Rigs } from './rigs';

interface LaunchTown {
  readonly layout: TownLayout;
  readonly rigs: Rigs;
}

/** Puts together how a session starts: runtime, arguments, environment, and the files beside the worktree. */
export function sessionLauncher(town: LaunchTown, isAccepted: (runtime: RuntimeInfo) => boolean) {
  return async (request: SessionRequest, seat: Seat, session: { id: string; token: string }): Promise<Launch> => {
    const { layout } = town;
    if (seat.rig !== undefined) town.rigs.require(seat.rig);
    const runtime = resolveRuntime(request.runtime, agentsFile(layout).read().agents);
    // Its settings may have changed since the reconciler looked.
    if (!isAccepted(runtime)) throw new UserError(`nobody has accepted the runtime ${runtime.name} as it is now`, undefined, 'consent');
    writeShims({ directory: layout.bin });
    const base = await loginEnvironment();
    const settings = settingsFor(runtime, path.join(layout.bin, 'gt'));
    const settingsFile = settings && path.join(seat.home, settings.file);
    if (settings && settingsFile) writeFileAtomic(settingsFile, settings.text);
    const conversation = canResume(runtime) ? chooseConversation(request, base, seat) : undefined;
    const command = commandFor(runtime, {
      prompt: kickoff(seat.role, conversation?.resume ?? false),
      model: request.model, conversation, settingsFile, asRoot: process.getuid?.() === 0,
    });
    const env = sessionEnvironment({
      base, root: layout.root, bin: layout.bin, seat, session: session.id, token: session.token,
      git: identityOf(request.agent, townSettingsFile(layout).read().agent_email_domain), runtime: command.env,
    });
    if (!fs.existsSync(seat.cwd)) throw new UserError(`the folder ${seat.cwd} is gone`, undefined, 'not-found');
    return { command: command.command, args: command.args, cwd: seat.cwd, env };
  };
}

const conversationSchema = z.object({ bead: z.string().optional(), runtime: z.string(), id: z.string() });

/**
 * Goes on with the conversation of a session that was interrupted, if the runtime has kept it; begins a new one
 * otherwise. Which it was lies beside the worktree: it outlives the session, and goes with the polecat.
 */
function chooseConversation(request: SessionRequest, env: Record<string, string>, seat: Seat): { id: string; resume: boolean } {
  const file = path.join(seat.home, 'conversation.json');
  const known = request.resume ? readConversation(file, request) : undefined;
  const directory = env.CLAUDE_CONFIG_DIR ?? path.join(env.HOME ?? os.homedir(), '.claude');
  if (known !== undefined && fs.existsSync(claudeConversationFile(directory, seat.cwd, known))) return { id: known, resume: true };
  const id = randomUUID();
  writeJsonAtomic(file, { bead: request.bead, runtime: request.runtime, id });
  return { id, resume: false };
}

function readConversation(file: string, request: SessionRequest): string | undefined {
  try {
    const known = conversationSchema.parse(JSON.parse(readTextIfPresent(file) ?? ''));
    return known.bead === request.bead && known.runtime === request.runtime ? known.id : undefined;
  } catch {
    return undefined; // none yet, or not readable: a new conversation loses nothing that is committed
  }
}
