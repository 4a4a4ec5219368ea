import type { AuditEvent } from '../../server/src/protocol/bead';
import type { BeadInfo, TownDelta, TownSnapshot } from '../../server/src/protocol/town';
import { beadPhaseLine } from '../../server/src/cli/shared/townText';
import { printable, painter, wantsColour, type Colour } from '../../server/src/cli/shared/output';

/** Prints what happens, line by line; in a terminal the state of all beads is below and is redrawn. */
export class DemoOutput {
  private board: string[] = [];
  /** Names of the steps of molecules, by their beads' ids. */
  readonly steps = new Map<string, string>();
  private batch: string[] = [];
  /** Changes in the largest batch so far. */
  largestBatch = 0;
  private readonly startedAt = Date.now();

  constructor(
    private readonly out: NodeJS.WriteStream,
    /** Titles by id, filled in as beads are created. */
    readonly names: Map<string, string>,
  ) {}

  private paint(colour: Colour, text: string): string {
    return painter(wantsColour(this.out))(colour, printable(text));
  }

  get seconds(): string {
    return ((Date.now() - this.startedAt) / 1000).toFixed(1);
  }

  line(text: string): void {
    this.clearBoard();
    this.out.write(`${text}\n`);
    this.drawBoard();
  }

  event(event: AuditEvent): void {
    this.noteBatch(event);
    const text = this.describe(event);
    if (text) this.line(`${this.paint('dim', `${this.seconds.padStart(5)}s`)}  ${text}`);
  }

  /** Changes that the queue takes up together. */
  private noteBatch({ type, bead = '' }: AuditEvent): void {
    if (type === 'merge_started') return void this.batch.push(this.names.get(bead) ?? bead);
    if (!type.startsWith('gate_') && type !== 'merged') return;
    const { batch } = this;
    this.batch = [];
    if (batch.length > 1) {
      this.largestBatch = Math.max(this.largestBatch, batch.length);
      this.line(this.paint('cyan', `        one batch of ${batch.length} changes: ${batch.join('; ')}`));
    }
  }

  /** One line for people; undefined for events that they do not need. */
  private describe(event: AuditEvent): string | undefined {
    const bead = event.bead ? `${event.bead} ${this.names.get(event.bead) ?? ''}`.trim() : '';
    switch (event.type) {
      case 'slung':
        return this.paint('blue', `→ ${event.agent} starts ${bead}`);
      case 'done':
        return printable(`  ${event.agent} submitted ${bead}`);
      case 'merge_started':
        return this.paint('dim', `  the refinery rebases ${bead}`);
      case 'gate_passed':
        return this.paint('dim', `  gate ${event.message} passed: ${bead}`);
      case 'gate_failed':
        return this.paint('yellow', `✗ gate ${event.message} failed: ${bead}`);
      case 'attempt_failed':
        return this.paint('yellow', `↺ ${event.agent} continues ${bead}: ${event.message}`);
      case 'review_requested':
        return this.paint('dim', `  ${bead} waits for its review`);
      case 'review_approved':
        return this.paint('dim', `  review approved: ${bead}`);
      case 'review_rejected':
        return this.paint('yellow', `✎ review of ${bead}: ${event.message}`);
      case 'review_reopened':
        return this.paint('yellow', `✎ ${bead} is reviewed again: ${event.message}`);
      case 'closed':
        return this.steps.has(event.bead ?? '')
          ? this.paint('dim', `  step ${this.steps.get(event.bead!)} is done`)
          : undefined;
      case 'merged':
        return this.paint('green', `✓ merged ${bead} (${(event.new ?? '').slice(0, 8)})`);
      case 'session_died':
        return this.paint('yellow', `! ${event.agent} died; ${event.message}`);
      case 'failed':
        return this.paint('red', `✗ ${bead} failed: ${event.message}`);
      case 'landing_requested':
        return this.paint(
          'cyan',
          `All beads of "${event.message}" are on its branch: the whole waits for its landing review`,
        );
      case 'feature_landed':
        return this.paint(
          'green',
          `✓ "${event.message}" is on the target by one merge commit (${(event.new ?? '').slice(0, 8)})`,
        );
      case 'convoy_launched':
        return this.paint('cyan', `Convoy launched: ${event.message}`);
      case 'convoy_landed':
        return this.paint('cyan', `Convoy landed: ${event.message}`);
      default:
        return undefined;
    }
  }

  beads(beads: readonly BeadInfo[]): void {
    if (!this.out.isTTY) return;
    this.clearBoard();
    this.board = ['', ...beads.map((bead) => beadPhaseLine(bead).slice(0, (this.out.columns || 80) - 1))];
    this.drawBoard();
  }

  finish(): void {
    this.clearBoard();
    this.board = [];
  }

  private clearBoard(): void {
    if (this.board.length > 0) this.out.write(`\x1b[${this.board.length}A\x1b[0J`);
  }

  private drawBoard(): void {
    if (this.board.length > 0) this.out.write(`${this.board.join('\n')}\n`);
  }
}

/** The beads of a snapshot, updated by deltas. */
export class TrackedBeads {
  private readonly beads: Map<string, BeadInfo>;

  constructor(snapshot: TownSnapshot) {
    this.beads = new Map(snapshot.beads.map((bead) => [bead.id, bead]));
  }

  apply(delta: TownDelta): void {
    for (const bead of delta.changes.beads?.upsert ?? []) this.beads.set(bead.id, bead);
    for (const id of delta.changes.beads?.remove ?? []) this.beads.delete(id);
  }

  in(ids: readonly string[]): BeadInfo[] {
    return ids.flatMap((id) => this.beads.get(id) ?? []);
  }
}
