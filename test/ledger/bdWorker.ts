/** Runs `bd create` a number of times in one process and prints the ids: argv is the folder, a name, the count. */
import { ProcessTerminal } from '../../server/src/cli/shared/output';
import { runBd } from '../../server/src/cli/bd/program';

async function main(cwd: string, name: string, count: number): Promise<void> {
  const terminal = new ProcessTerminal();
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

const [cwd = '', name = '', count = '0'] = process.argv.slice(2);
void main(cwd, name, Number(count));
