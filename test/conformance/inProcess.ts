import path from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { runBd } from '../../server/src/cli/bd/program';

/**
 * Runs the scenarios of the conformance corpus in this process: a process per step would take most of the time.
 * Usage: node inProcess.js <patched runner> <output.jsonl> [scenario,…]
 *
 * The runner is synchronous and lives in a thread of its own. Where it would start bd, it sends the call here and waits.
 */

interface Call {
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  input: string;
}

export interface Answer {
  status: number;
  stdout: string;
  stderr: string;
}

async function answer({ args, cwd, env, input }: Call): Promise<Answer> {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  let [stdout, stderr] = ['', ''];
  const status = await runBd(args, {
    terminal: { colour: false, write: (text) => (stdout += text), writeError: (text) => (stderr += text) },
    cwd,
    env,
    readStdin: () => input,
  });
  return { status, stdout, stderr };
}

function main([runner, output, only = '']: string[]): void {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  port1.on('message', (call: Call) => {
    void answer(call)
      .catch((error: unknown): Answer => ({ status: 70, stdout: '', stderr: String(error) }))
      .then((result) => {
        port1.postMessage(result);
        Atomics.store(signal, 0, 1);
        Atomics.notify(signal, 0);
      });
  });
  const worker = new Worker(path.resolve(runner ?? ''), {
    workerData: { port: port2, signal, output: path.resolve(output ?? ''), only },
    transferList: [port2],
  });
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  worker.on('exit', (code) => process.exit(code));
}

main(process.argv.slice(2));
