import { spawn } from 'node:child_process';

/** Ends each program that runs now. */
const running = new Set();

/** Ctrl+C ends what was started, too. */
export function endOnInterrupt() {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      for (const end of running) end();
      process.exit(code);
    });
}

/**
 * Runs a program in a process group of its own, which is ended as a whole when the time is up or we are interrupted.
 * @param {{ env?: object, limitMs: number, print: (text: string) => void }} options `print`: where its output goes, besides
 *   being returned
 * @returns {Promise<{ status: number, output: string, timedOut: boolean }>}
 */
export function runLimited(command, args, { env, limitMs, print }) {
  return new Promise((resolve) => {
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, {
      env,
      detached,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: !detached && command === 'npx',
    });
    let output = '';
    let timedOut = false;
    const end = () => kill(child.pid, detached);
    running.add(end);
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, limitMs);
    const finish = (status) => {
      clearTimeout(timer);
      running.delete(end);
      resolve({ status, output, timedOut });
    };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        print(text);
      });
    child.on('error', (error) => {
      print(`cannot run ${command}: ${error.message}\n`);
      finish(1);
    });
    // What it left running may hold the pipe open for ever: its last output gets a moment.
    child.on('exit', (code) => {
      const patience = setTimeout(() => finish(code ?? 1), 1000);
      child.once('close', () => {
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
