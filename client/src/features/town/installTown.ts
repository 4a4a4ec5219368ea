import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { runProgram } from '../../base/runProgram';

const answerSchema = z.looseObject({ root: z.string(), created: z.boolean() });
export type InstalledTown = z.infer<typeof answerSchema>;

/**
 * Creates a town, or adds an existing one to the user's registry. Without a town there is no server, so the bundled
 * command line does it, run by VS Code's own Node.
 */
export async function installTown(folder: string, distFolder: string): Promise<InstalledTown> {
  const cli = path.join(distFolder, 'gt.js');
  const result = await runProgram(process.execPath, [cli, 'install', folder, '--json'], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    timeoutMs: 60_000,
  });
  if (result.code !== 0) {
    const reason = readError(result.stdout) ?? result.stderr.trim();
    throw new UserError(
      `cannot create a town in ${folder}: ${reason || 'gt install failed'}`,
      undefined,
      'unavailable',
    );
  }
  return answerSchema.parse(JSON.parse(result.stdout));
}

const errorSchema = z.looseObject({ error: z.string() });

function readError(stdout: string): string | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(stdout)).data?.error;
  } catch {
    return undefined;
  }
}
