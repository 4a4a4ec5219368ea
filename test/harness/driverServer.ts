// Executes requests of tests inside VS Code on the page, over HTTP on the loopback address.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { requestSchemas } from './driverProtocol';
import type { DriverAnswer, DriverReplies, DriverRequest, RequestName, Target } from './driverProtocol';

export interface DriverServer {
  /** The address to hand to the extension host. */
  url: string;
  attach(page: Page): void;
  dispose(): Promise<void>;
}

type Handlers = { [N in RequestName]: (page: Page, request: DriverRequest<N>) => Promise<DriverReplies[N]> };
type Role = Parameters<Page['getByRole']>[0];

function locateAll(page: Page, target: Target): Locator {
  const { role, selector, text, exact } = target;
  const name = target.namePattern === undefined ? target.name : new RegExp(target.namePattern);
  let found = page.locator(selector ?? ':root');
  if (role !== undefined) found = found.getByRole(role as Role, { name, exact });
  if (text !== undefined) found = found.getByText(text, { exact });
  return found;
}

function locate(page: Page, target: Target): Locator {
  return locateAll(page, target).nth(target.nth ?? 0);
}

function createHandlers(screenshotDir: string): Handlers {
  return {
    async screenshot(page, { name, target }) {
      return { file: await saveScreenshot(target ? locate(page, target) : page, screenshotDir, name) };
    },
    async click(page, { target, button, double, timeoutMs }) {
      await locate(page, target).click({ button, clickCount: double ? 2 : 1, timeout: timeoutMs });
      return null;
    },
    async hover(page, { target, timeoutMs }) {
      await locate(page, target).hover({ timeout: timeoutMs });
      return null;
    },
    async press(page, { keys }) {
      for (const key of typeof keys === 'string' ? [keys] : keys) await page.keyboard.press(key);
      return null;
    },
    async type(page, { text }) {
      await page.keyboard.type(text);
      return null;
    },
    async text(page, { target, timeoutMs }) {
      return { text: await locate(page, target ?? { selector: 'body' }).innerText({ timeout: timeoutMs }) };
    },
    async count(page, { target }) {
      return { count: await locateAll(page, target).count() };
    },
    async waitFor(page, { target, state, timeoutMs }) {
      await locate(page, target).waitFor({ state, timeout: timeoutMs });
      return null;
    },
    async aria(page, { target }) {
      return { yaml: await locate(page, target ?? { selector: 'body' }).ariaSnapshot() };
    },
    async reload(page) {
      // Answered first: the reload ends the client.
      setTimeout(() => void page.reload().catch(() => undefined), 50);
      return null;
    },
  };
}

/** Writes DIR/NAME.png; animations are finished first, so that two runs show the same. */
export async function saveScreenshot(subject: Page | Locator, dir: string, name: string): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const file = path.join(dir, `${name}.png`);
  await subject.screenshot({ path: file, animations: 'disabled' });
  return file;
}

export async function startDriverServer(screenshotDir: string): Promise<DriverServer> {
  // Only processes that were handed the address may drive the page.
  const secret = randomBytes(16).toString('hex');
  const handlers = createHandlers(screenshotDir);
  let page: Page | undefined;

  const carryOut = async <N extends RequestName>(name: N, body: unknown): Promise<DriverAnswer<N>> => {
    try {
      if (!page) throw new Error('there is no page yet');
      const request = requestSchemas[name].parse(body) as DriverRequest<N>;
      return { ok: true, value: await handlers[name](page, request) };
    } catch (error) {
      return { ok: false, error: stripVTControlCharacters(error instanceof Error ? error.message : String(error)) };
    }
  };

  const server = createServer((request, response) => {
    void (async () => {
      const [, key, name] = (request.url ?? '').split('/');
      if (request.method !== 'POST' || key !== secret || !isRequestName(name)) {
        response.writeHead(404).end();
        return;
      }
      const answer = await carryOut(name, await readJson(request));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`,
    attach(attached) {
      page = attached;
    },
    dispose: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isRequestName(name: string | undefined): name is RequestName {
  return name !== undefined && Object.hasOwn(requestSchemas, name);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  try {
    return JSON.parse(body || '{}');
  } catch {
    return undefined; // the schema refuses it with a message
  }
}
