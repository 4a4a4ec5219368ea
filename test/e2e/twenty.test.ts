import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { sh } from '../helpers/temp';
import type { AuditEvent } from '../../server/src/protocol/bead';
import type { ConvoyInfo } from '../../server/src/protocol/town';

const POLECATS = 20;
const MAX_MB = 300;

/** Resident memory of a process in MB. */
function memory(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

/** The most sessions that lived at one instant, by what the audit trail says. */
function mostAlive(events: readonly AuditEvent[]): number {
  const alive = new Set<string>();
  let most = 0;
  for (const event of events) {
    if (event.type === 'session_started') alive.add(event.agent!);
    else if (['done', 'session_died', 'attempt_failed', 'failed'].includes(event.type)) alive.delete(event.agent!);
    most = Math.max(most, alive.size);
  }
  return most;
}

describe('twenty polecats', function () {
  this.timeout(300_000);

  it(`work at one time, all of them are merged, and server and session host take less than ${MAX_MB} MB together`, async () => {
    const town = await CliTown.make({ maxWorkers: POLECATS });
    try {
      // Each waits until all are there: no machine is too slow to have twenty of them at once.
      const gate = path.join(town.root, 'toy', 'all-here');
      const beads: string[] = [];
      for (let index = 0; index < POLECATS; index += 1)
        beads.push(
          await town.bead(
            `Work ${index}`,
            `echo ${index} > ${index}.txt\nfor try in $(seq 600); do test -e "${gate}" && break; sleep 0.2; done`,
          ),
        );
      const { id } = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Twenty', ...beads], {
        cwd: town.root,
      });
      await town.gt('up');
      let most = 0;
      let mb = 0;
      const landing = town.convoyLands(id, 240_000).then(() => true);
      landing.catch(() => undefined);
      let landed = false;
      void landing.then(
        () => {
          landed = true;
        },
        () => {
          landed = true;
        },
      );
      while (!landed) {
        most = Math.max(most, town.sessions().length);
        const [server, host] = [town.processOf('server'), town.processOf('host')];
        if (server && host) mb = Math.max(mb, memory(server.pid) + memory(host.pid));
        if (most >= POLECATS && !fs.existsSync(gate)) fs.writeFileSync(gate, '');
        await new Promise((done) => setTimeout(done, 250));
      }
      await landing;
      const events = await town.person.json<AuditEvent[]>('bd', ['events', '--limit', '5000'], {
        cwd: path.join(town.root, 'toy'),
      });
      const byTrail = mostAlive(events.sort((a, b) => a.ts.localeCompare(b.ts)));
      console.log(`      ${most} processes, ${byTrail} by the audit trail; ${mb.toFixed(0)} MB`);
      assert.ok(most >= POLECATS && byTrail >= POLECATS);
      assert.equal(
        sh(town.project, 'git', 'ls-tree', '--name-only', 'gastown/main')
          .split('\n')
          .filter((file) => /^\d+\.txt$/.test(file)).length,
        POLECATS,
      );
      assert.ok(mb < MAX_MB, `${mb} MB`);
    } finally {
      await town.dispose();
    }
  });
});
