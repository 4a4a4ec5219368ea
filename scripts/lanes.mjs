import { spawn } from 'node:child_process';

/**
 * Runs a program in a process group of its own, which is ended as a whole when the time is up or we are interrupted.
 * @param {{ env?: object, limitMs: number, capture?: boolean }} options `capture`: its output is returned, too
 * @returns {Promise<{ status: number, output: string, timedOut: boolean }>}
 */
export function runLimited(command, args, { env, limitMs, capture = false }) {
  return new Promise((resolve) => {
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, {
      env,
      detached,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
      shell: !detached && command === 'npx',
    });
    let output = '';
    let timedOut = false;
    const end = () => kill(child.pid, detached);
    const interrupted = (signal) => {
      end();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, limitMs);
    const finish = (status) => {
      clearTimeout(timer);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupted);
      resolve({ status, output, timedOut });
    };
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupted);
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      finish(1);
    });
    // What it left running may hold the pipe open for ever: its last output gets a moment.
    child.on('exit', (code) => {
      if (!capture) return finish(code ?? 1);
      const patience = setTimeout(() => finish(code ?? 1), 1000);
      child.stdout.once('close', () => {
        clearTimeout(patience);
        finish(code ?? 1);
      });
    });
  });
}

function kill(pid, asGroup) {
  if (pid === undefined) return;
  try {
    process.kill(asGroup ? -pid : pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

/**
 * What a lane's run amounts to. Nothing run is a failure, not a success: a lane whose tests were not found or not
 * built would otherwise count as fine for ever.
 * @param {{ passes: number, failures: number, pending?: number } | undefined} totals undefined where it reported none
 */
export function verdict(lane, totals, { status, timedOut, limitMs }) {
  const counted = totals ?? { passes: 0, failures: 0 };
  const failed = (reason) => ({
    ...counted,
    failures: Math.max(1, counted.failures),
    problem: `lane ${lane}: ${reason}`,
  });
  if (timedOut) return failed(`not finished within ${limitMs / 60_000} minutes (GASTOWN_LANE_MINUTES)`);
  if (!totals) return failed(`ended with code ${status} and without totals`);
  if (counted.passes + counted.failures + (counted.pending ?? 0) === 0) return failed('it has no tests');
  if (status !== 0 && counted.failures === 0) return failed(`ended with code ${status}`);
  return { ...counted };
}
