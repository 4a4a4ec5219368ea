import assert from 'node:assert/strict';
import { MAX_WORKERS, type Life } from './life';
import type { World } from './world';

/** What must hold at every moment. */
export class Checks {
  /** What the beads and the landing branch were when they were last checked. */
  private checked = '';

  constructor(
    private readonly world: World,
    private readonly where: string,
  ) {}

  check(life: Life, convoy: string, crashes: number): void {
    assert.deepEqual(this.world.violations, [], this.where);
    this.checkSessions();
    const state = `${crashes} ${life.store.revision} ${this.world.landing}`;
    if (state === this.checked) return;
    this.checked = state;
    this.checkHooks(life);
    this.checkMerges(life);
    this.checkConvoy(life, convoy);
    this.checkFailures(life);
  }

  private checkSessions(): void {
    let polecats = 0;
    let reviewers = 0;
    for (const session of this.world.sessions.values()) {
      if (session.exit) continue;
      if (session.role === 'refinery') reviewers += 1;
      else if (session.role === 'polecat') polecats += 1;
    }
    assert.ok(reviewers <= 1, `${this.where}: two reviewers`);
    assert.ok(polecats <= MAX_WORKERS, `${this.where}: ${polecats} live sessions`);
  }

  private checkHooks(life: Life): void {
    const hooked = life.beads.list('task', 'hooked', 'in_progress');
    const hooks = hooked.map((bead) => bead.assignee);
    assert.equal(new Set(hooks).size, hooks.length, `${this.where}: an agent with two hooked beads`);
  }

  private checkMerges(life: Life): void {
    const work = this.world.workOf(this.world.landing).filter((bead) => bead.startsWith('toy-'));
    const merged = new Set(work);
    assert.equal(merged.size, work.length, `${this.where}: merged twice: ${work.join(' ')}`);
    for (const bead of life.beads.list('task', 'closed'))
      assert.ok(merged.has(bead.id), `${this.where}: ${bead.id} is closed and not merged`);
  }

  private checkConvoy(life: Life, convoy: string): void {
    const bead = life.store.get(convoy);
    if (bead?.status !== 'closed') return;
    for (const edge of bead.dependencies ?? [])
      assert.equal(life.store.get(edge.depends_on_id)?.status, 'closed', `${this.where}: landed too early`);
  }

  private checkFailures(life: Life): void {
    const failed = life.beads.list('task', 'failed');
    if (failed.length === 0) return;
    const escalations = life.beads.list('escalation').filter((item) => item.status !== 'closed');
    const told = escalations.map((item) => JSON.stringify(item.metadata)).join('\n');
    for (const bead of failed) assert.ok(told.includes(bead.id), `${this.where}: ${bead.id} failed silently`);
  }
}
