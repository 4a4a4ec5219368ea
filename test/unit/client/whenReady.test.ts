import assert from 'node:assert/strict';
import type { ConnectionState } from '../../../client/src/connection/townConnection';
import type { Finding } from '../../../client/src/connection/townFinder';
import { TownStore } from '../../../client/src/state/townStore';
import { whenReady, type ReadySources } from '../../../client/src/state/whenReady';
import { Emitter } from '../../../server/src/base/lifecycle';
import { snapshot } from './samples';

describe('waiting for the town of a window', () => {
  const root = '/gt';
  let state: ConnectionState;
  let finding: Finding | undefined;
  let store: TownStore;
  let states: Emitter<ConnectionState>;
  let findings: Emitter<void>;
  let sources: ReadySources;

  beforeEach(() => {
    state = { kind: 'none' };
    finding = undefined;
    store = new TownStore();
    states = new Emitter();
    findings = new Emitter();
    sources = {
      connection: {
        get state() {
          return state;
        },
        onDidChangeState: states.event,
      },
      store,
      resolver: {
        get finding() {
          return finding;
        },
        onDidChange: findings.event,
      },
    };
  });

  const become = (next: ConnectionState): void => {
    state = next;
    states.fire(next);
  };

  it('ends when the connection stands and the snapshot is there, also where they are already', async () => {
    const waiting = whenReady(sources);
    become({ kind: 'connecting', root });
    become({ kind: 'ready', root });
    store.reset(snapshot());
    await waiting;
    await whenReady(sources);
  });

  it('fails at once where the window has no town, or may not use it', async () => {
    finding = { kind: 'noFolder' };
    await assert.rejects(whenReady(sources), /this window has no town/);
    state = { kind: 'notRunning', root };
    await assert.rejects(whenReady(sources), /does not run/);
    state = { kind: 'incompatible', root, reason: 'another version' };
    await assert.rejects(whenReady(sources), /another version/);
  });

  it('fails when the search for the town ends without one', async () => {
    const waiting = assert.rejects(whenReady(sources), /this window has no town/);
    finding = { kind: 'noTown', repository: '/src' };
    findings.fire();
    await waiting;
  });

  it('fails after the limit, with the reason of the lost connection', async () => {
    await assert.rejects(whenReady(sources, 1), /does not answer/);
    state = { kind: 'lost', root, reason: 'the disk is full' };
    await assert.rejects(whenReady(sources, 1), /the disk is full/);
  });
});
