/**
 * Runs `bd create` a number of times in one process and prints the ids: argv is the folder, a name, the count. With ids behind them it
 * claims each of these instead, and prints those that it got.
 */
import { ProcessTerminal } from '../../server/src/cli/shared/output';
import { runBd } from '../../server/src/cli/bd/program';

async function main(cwd: string, name: string, count: number, claimed: readonly string[]): Promise<void> {
  const terminal = new ProcessTerminal();
  if (claimed.length > 0) return claim(cwd, name, claimed);
  for (let n = 0; n < count; n++) {
    const code = await runBd(['create', `${name} bead ${n}`, '--silent'], {
      terminal,
      cwd,
      env: { ...process.env, BD_ACTOR: name },
      readStdin: () => '',
    });
    if (code !== 0) process.exitCode = code;
  }
}

/** A claim that another process has won is no failure. */
async function claim(cwd: string, name: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    let said = '';
    const terminal = { colour: false, write: () => undefined, writeError: (text: string) => void (said += text) };
    const env = { ...process.env, BD_ACTOR: name };
    const code = await runBd(['update', id, '--claim'], { terminal, cwd, env, readStdin: () => '' });
    if (code === 0) console.log(id);
    else if (!said.includes('already claimed by')) throw new Error(said);
  }
}

const [cwd = '', name = '', count = '0', ...claimed] = process.argv.slice(2);
void main(cwd, name, Number(count), claimed);
