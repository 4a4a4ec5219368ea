import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { SessionManager } from '../../server/src/sessions/manager';
import { SessionRecords } from '../../server/src/sessions/records';
import { BusyError } from '../../server/src/sessions/typing';
import { TownLayout } from '../../server/src/town/layout';
import { environment, HostFixture, until, withEachProvider } from './sessionHostHelpers';

withEachProvider('text that is typed for an agent', function (kind) {
  this.timeout(60_000);
  let fixture: HostFixture;
  let manager: SessionManager;
  let session: string;

  /** An agent whose program is this shell script, in the Mayor's place. */
  async function begin(script: string): Promise<void> {
    fixture = new HostFixture(kind);
    const layout = new TownLayout(fixture.root);
    // A session whose folder is gone is ended.
    fs.mkdirSync(layout.locationOf('mayor')!.cwd, { recursive: true });
    const records = new SessionRecords(layout);
    manager = new SessionManager({
      layout,
      records,
      launch: async () => ({ command: '/bin/sh', args: ['-c', script], cwd: fixture.root, env: environment }),
      acceptsText: () => true,
      asks: (_runtime, screen) => (/Overwrite\?/.test(screen) ? 'asks whether to overwrite' : undefined),
      onEnded: () => undefined,
      onChange: () => undefined,
      log: { error: () => undefined },
      provider: fixture.provider(),
      serverScript: path.join(fixture.root, 'no server'),
    });
    await manager.start({ agent: 'mayor', runtime: 'shell', attempt: 0, resume: false });
    session = records.all()[0]!.id;
  }
  const screen = async (): Promise<string> => (await manager.screen('mayor')).text;

  afterEach(async () => {
    manager.dispose();
    await fixture.close();
  });

  it('is sent with Enter', async () => {
    await begin('read x; echo "got $x"; sleep 60');
    await manager.nudge(session, 'hello');
    await until(async () => (await screen()).includes('got '), 'the text');
    assert.match(await screen(), /got .*hello/);
  });

  it('is not sent where the program has begun to ask a person something meanwhile', async () => {
    // It takes the text as it comes, and asks before Enter.
    await begin(
      'stty -icanon -echo; echo ready; dd bs=1 count=5 >/dev/null 2>&1; echo "Overwrite?"; read y; echo "overwritten <$y>"',
    );
    await until(async () => (await screen()).includes('ready'), 'the program');
    await assert.rejects(
      manager.nudge(session, 'hello'),
      (error) => error instanceof UserError && /asks whether to overwrite/.test(error.message),
    );
    assert.doesNotMatch(await screen(), /overwritten/);
  });

  it('is not typed at all if the program asks already, unless it is forced', async () => {
    await begin('echo "Overwrite?"; read y; echo "overwritten"; sleep 60');
    await until(async () => (await screen()).includes('Overwrite?'), 'the question');
    await assert.rejects(manager.nudge(session, 'hello'), /waits for a person/);
    await manager.nudge(session, 'yes', true);
    await until(async () => (await screen()).includes('overwritten'), 'the answer');
  });

  it('waits for a program that is working, and is not added to a line that a user has begun', async () => {
    await begin('echo ready; read x; echo "got <$x>"; read y; echo "then <$y>"; sleep 60');
    await until(async () => (await screen()).includes('ready'), 'the program');
    const client = await manager.client();
    await client.input(session, 'half a li', { byUser: true });
    await assert.rejects(
      manager.nudge(session, 'hello'),
      (error) => error instanceof BusyError && /typed and not sent/.test(error.message),
    );
    const nudged = manager.nudge(session, 'hello');
    await client.input(session, 'ne\r', { byUser: true });
    await nudged;
    await until(async () => (await screen()).includes('then <'), 'both lines');
    assert.match(await screen(), /got <half a line>/);
    assert.match(await screen(), /then <.*hello.*>/);
  });

  it('is not typed into a program that does not stop working', async () => {
    await begin('while :; do echo busy; sleep 0.1; done');
    await until(async () => (await screen()).includes('busy'), 'the program');
    await assert.rejects(
      manager.nudge(session, 'hello'),
      (error) => error instanceof BusyError && /is working/.test(error.message),
    );
    assert.doesNotMatch(await screen(), /hello/);
  });
});
