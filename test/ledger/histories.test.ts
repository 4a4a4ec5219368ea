import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { parseLedgerText } from '../../server/src/beads/storage/ledgerText';
import { BeadStore, type Transaction } from '../../server/src/beads/store';
import { Crash, FaultyFs, type Fault } from './faultyFs';
import { MemoryFs } from './memoryFs';
import { ticking } from './scenario';

const isSoak = process.env.GASTOWN_SOAK === '1';
const seed = Number(process.env.GASTOWN_SEED ?? Date.now() % 1_000_000);
const directory = '/work/.beads';
const issues = path.join(directory, 'issues.jsonl');
const ann = { actor: 'ann' };

/** What a person would expect of each bead. */
type Model = ReadonlyMap<string, { title: string; status: string; labels: readonly string[] }>;

type Change =
  | { kind: 'rename'; bead: number; title: string }
  | { kind: 'label'; bead: number; label: string }
  | { kind: 'close' | 'delete' | 'reopen'; bead: number };
type Step = { kind: 'create'; title: string } | Change | { kind: 'fail' | 'checkpoint' | 'restart' };

const bead = fc.nat(5);
const title = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== '');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), title }) },
  fc.record({ kind: fc.constant('rename' as const), bead, title }),
  fc.record({ kind: fc.constant('label' as const), bead, label: fc.constantFrom('a', 'b') }),
  fc.record({ kind: fc.constantFrom('close' as const, 'delete' as const, 'reopen' as const), bead }),
  fc.record({ kind: fc.constantFrom('fail' as const, 'checkpoint' as const, 'restart' as const) }),
);
const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 1, max: 90 }),
  kind: fc.constantFrom('crash' as const, 'ENOSPC' as const, 'EIO' as const),
  torn: fc.constantFrom(0, 0.3, 0.9, 1),
});

/** The change that a step makes to a ledger and to its model; undefined where it makes none. */
function changeOf(
  step: Exclude<Step, { kind: 'fail' | 'checkpoint' | 'restart' }>,
  model: Model,
): { work: (tx: Transaction) => unknown; after: Model } | undefined {
  const after = new Map(model);
  if (step.kind === 'create') {
    const id = `hq-${model.size + 1}`;
    after.set(id, { title: step.title, status: 'open', labels: [] });
    return { work: (tx) => tx.create('hq', { id, title: step.title }), after };
  }
  const id = `hq-${step.bead + 1}`;
  const known = model.get(id);
  if (!known || known.status === 'tombstone') return undefined;
  switch (step.kind) {
    case 'rename':
      after.set(id, { ...known, title: step.title });
      return { work: (tx) => tx.update(id, { title: step.title }), after };
    case 'label':
      after.set(id, { ...known, labels: [...new Set([...known.labels, step.label])].sort() });
      return { work: (tx) => tx.addLabel(id, step.label), after };
    case 'close':
      after.set(id, { ...known, status: 'closed' });
      return { work: (tx) => tx.close(id, 'done'), after };
    case 'reopen':
      after.set(id, { ...known, status: 'open' });
      return { work: (tx) => tx.reopen(id), after };
    case 'delete':
      after.set(id, { ...known, status: 'tombstone' });
      return { work: (tx) => tx.delete(id), after };
  }
}

function modelOf(store: BeadStore): Model {
  return new Map(
    [...store.entries('hq')].map(
      ([
        id,
        {
          bead: { title, status, labels = [] },
        },
      ]) => [id, { title, status, labels: [...labels].sort() }],
    ),
  );
}

/** Runs a history on files of which one operation goes wrong. A crash is followed by a start on sound files. */
class History {
  private model: Model = new Map();
  private store!: BeadStore;

  private constructor(
    private readonly memory: MemoryFs,
    private fs: FaultyFs,
  ) {}

  static async run(steps: readonly Step[], fault: Fault | undefined): Promise<void> {
    const memory = new MemoryFs();
    memory.put(path.join(directory, 'config.yaml'), 'issue-prefix: hq\n');
    memory.put(issues, '');
    const history = new History(memory, new FaultyFs(fault, memory));
    await history.start();
    for (const each of steps) await history.take(each);
    await history.restart();
    history.compare(history.model);
    await history.store.checkpoint().catch(() => history.recover());
    await history.store.checkpoint();
    history.compare(history.model);
    await history.store.close();
    const text = parseLedgerText(memory.read(issues) ?? Buffer.alloc(0));
    assert.deepEqual(text.problems, []);
    assert.deepEqual(new Set(text.beads.keys()), new Set(history.model.keys()));
  }

  private async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'restart':
        return this.restart();
      case 'checkpoint':
        return this.checkpoint();
      case 'fail':
        return this.fail();
      default:
        return this.change(step);
    }
  }

  private async change(step: Parameters<typeof changeOf>[0]): Promise<void> {
    const change = changeOf(step, this.model);
    if (!change) return;
    try {
      await this.store.batch(ann, change.work);
      this.model = change.after;
      this.compare(this.model);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      await this.afterFailure(error, change.after);
    }
  }

  /** A batch that throws leaves nothing behind. */
  private async fail(): Promise<void> {
    const failed = this.store.batch(ann, (tx) => {
      tx.create('hq', { id: 'hq-999', title: 'never' });
      throw new Error('on purpose');
    });
    await failed.catch((error: unknown) => this.afterFailure(error, this.model));
  }

  private async checkpoint(): Promise<void> {
    await this.store.checkpoint().catch((error: unknown) => this.afterFailure(error, this.model));
    this.compare(this.model);
  }

  private async restart(): Promise<void> {
    await this.store.close().catch(() => undefined);
    await this.start();
    this.compare(this.model);
  }

  /** What was not acknowledged is there or not after a crash; what was refused is not there. */
  private async afterFailure(error: unknown, unacknowledged: Model): Promise<void> {
    if (!(error instanceof Crash)) return this.compare(this.model);
    await this.recover();
    const found = modelOf(this.store);
    assert.ok([this.model, unacknowledged].some((each) => isSame(each, found)));
    this.model = found;
  }

  private async recover(): Promise<void> {
    await this.store.close().catch(() => undefined);
    this.fs = new FaultyFs(undefined, this.memory);
    await this.start();
  }

  private async start(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const store = await BeadStore.open({ fs: this.fs, clock: ticking(), onError: () => undefined });
      try {
        await store.addLedger({ name: 'hq', directory });
        this.store = store;
        return;
      } catch (error) {
        await store.close().catch(() => undefined);
        if (attempt === 2) throw error;
        if (error instanceof Crash) this.fs = new FaultyFs(undefined, this.memory);
      }
    }
  }

  private compare(expected: Model): void {
    assert.deepEqual(modelOf(this.store), expected);
  }
}

function isSame(a: Model, b: Model): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

describe('any history of a ledger', function () {
  this.timeout(isSoak ? 3_600_000 : 300_000);

  it('keeps what was acknowledged and nothing else, whichever file operation goes wrong (shrinks)', async () => {
    console.log(`      seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        fc.option(fault, { nil: undefined, freq: 12 }),
        (steps, fault) => History.run(steps, fault),
      ),
      { numRuns: isSoak ? 10_000 : 400, seed },
    );
  });
});
