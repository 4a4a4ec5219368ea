// Finds a Chromium to show VS Code in, or installs Debian's.
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { ensurePrograms, findProgram } from './commands';
import type { Log } from './cache';

const candidates = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

export async function findChromium(log: Log): Promise<string> {
  const chosen = process.env['CHROMIUM'];
  if (chosen) {
    const program = findProgram(chosen);
    if (!program) throw new Error(`CHROMIUM is "${chosen}", and there is no such program.`);
    return program;
  }
  const present = firstPresent();
  if (present) return present;
  // Without its recommended packages Chromium has no font at all, and screenshots show boxes for letters.
  await ensurePrograms(
    'the tests in VS Code',
    [{ program: 'chromium', debianPackages: ['chromium', 'fonts-dejavu-core'] }],
    log,
  );
  return firstPresent() ?? 'chromium';
}

function firstPresent(): string | undefined {
  for (const candidate of candidates) {
    const program = findProgram(candidate);
    if (program) return program;
  }
  return undefined;
}

/** `home` keeps the browser's crash reports and settings away from the user's own. */
export async function launchChromium(home: string, log: Log): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(log),
    args: flags,
    headless: process.env['GT_TEST_HEADED'] !== '1',
    env: { ...definedEnv(), HOME: home, XDG_CONFIG_HOME: `${home}/.config`, XDG_CACHE_HOME: `${home}/.cache` },
  });
}

function definedEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) if (value !== undefined) env[key] = value;
  return env;
}
