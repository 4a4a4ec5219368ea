// The side of the page driver that a test in the extension host calls. There is none under desktop VS Code.
import { format } from 'node:util';
import { DRIVER_ENV } from './driverProtocol';
import type { DriverAnswer, DriverReplies, DriverRequest, RequestName, Target } from './driverProtocol';
import { OUTPUT_MARK } from './testTotals';

export type { Target } from './driverProtocol';

/** False where no browser shows VS Code: a test that needs one calls `this.skip()`. */
export function hasDriver(): boolean {
  return Boolean(process.env[DRIVER_ENV]);
}

/** Prints to the terminal that runs the tests; a plain console.log ends up in out/logs only. */
export function print(...args: unknown[]): void {
  const lines = format(...args).split('\n');
  for (const line of lines) console.log('%s', hasDriver() ? OUTPUT_MARK + line : line);
}

async function ask<N extends RequestName>(name: N, request: DriverRequest<N>): Promise<DriverReplies[N]> {
  const address = process.env[DRIVER_ENV];
  if (!address) throw new Error(`${DRIVER_ENV} is not set: no browser drives this VS Code`);
  const response = await fetch(`${address}/${name}`, { method: 'POST', body: JSON.stringify(request) });
  const answer = (await response.json()) as DriverAnswer<N>;
  if (!answer.ok) throw new Error(`driver ${name} ${JSON.stringify(request)}: ${answer.error}`);
  return answer.value;
}

export interface ClickOptions {
  button?: 'left' | 'right' | 'middle';
  double?: boolean;
  timeoutMs?: number;
}

export const driver = {
  /** Writes out/screenshots/NAME.png and returns its path. */
  async screenshot(name: string, target?: Target): Promise<string> {
    return (await ask('screenshot', { name, target })).file;
  },
  async click(target: Target, options: ClickOptions = {}): Promise<void> {
    await ask('click', { target, ...options });
  },
  async hover(target: Target): Promise<void> {
    await ask('hover', { target });
  },
  async press(...keys: string[]): Promise<void> {
    await ask('press', { keys });
  },
  async type(text: string): Promise<void> {
    await ask('type', { text });
  },
  /** The text of the page, or of one element. */
  async text(target?: Target): Promise<string> {
    return (await ask('text', { target })).text;
  },
  async count(target: Target): Promise<number> {
    return (await ask('count', { target })).count;
  },
  async waitFor(
    target: Target,
    state: 'visible' | 'hidden' | 'attached' | 'detached' = 'visible',
    timeoutMs?: number,
  ): Promise<void> {
    await ask('waitFor', { target, state, timeoutMs });
  },
  async aria(target?: Target): Promise<string> {
    return (await ask('aria', { target })).yaml;
  },
  /** Ends this extension host; the tests start again in the reloaded page. */
  async reload(): Promise<void> {
    await ask('reload', {});
  },
};
