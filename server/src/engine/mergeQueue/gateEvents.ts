import type { MergeMode } from '../../protocol/town';
import type { GateResult } from '../../rigs/types';
import type { Batch, Link } from './batch';
import { CheckRecorder, recordChecks } from './checks';
import type { TestPrefix, Verdict } from './verdict';

/** A tested commit: the last of a link, or an earlier one. */
export interface TestedCommit {
  commit: string;
  /** Number of its link, from 1. */
  link: number;
}

/** The commits of a chain to test: each of its commits in the mode `each`, else the last one of each link. */
export function testedCommits(chain: readonly Link[], mode: MergeMode): TestedCommit[] {
  return chain.flatMap(({ commit, before }, index) =>
    (mode === 'each' ? [...before, commit] : [commit]).map((tested) => ({ commit: tested, link: index + 1 })),
  );
}

/** Converts a verdict on commits to one on links: a link may land when all of its tested commits have passed. */
export function verdictOnLinks(tested: readonly TestedCommit[], verdict: Verdict): Verdict {
  const { good, culprit } = verdict;
  const linkAfter = tested[good]?.link ?? (tested.at(-1)?.link ?? 0) + 1;
  return {
    ...verdict,
    good: linkAfter - 1,
    ...(culprit ? { culprit: { ...culprit, link: tested[culprit.link - 1]!.link } } : {}),
  };
}

/** Runs gates on a chain, shows the activity, and records the results for each bead. */
export class GateEvents {
  /** Runs by number of commits. */
  private readonly runs = new Map<
    number,
    { checks: CheckRecorder; ended: Map<string, 'passed' | 'failed'>; gates?: readonly string[] }
  >();

  constructor(
    private readonly batch: Batch,
    private readonly chain: readonly Link[],
    private readonly tested: readonly TestedCommit[],
    private readonly base: string,
  ) {}

  readonly test: TestPrefix = async (length, run = {}) => {
    const tested = this.tested[length - 1];
    const links = this.chain.slice(0, tested?.link ?? 0);
    const last = links.at(-1);
    const mergeRequest = last?.id ?? this.chain[0]!.id;
    const known = this.of(length);
    const { checks, ended } = known;
    const result = await this.batch.rig.runGates(
      tested?.commit ?? this.base,
      { ...run, mergeRequest, target: this.batch.target, base: this.base },
      (gate, outcome) => {
        checks.onGate(gate, outcome);
        if (outcome === 'started') this.batch.show(`${gate.name}:`, last ? links : this.chain);
        else ended.set(gate.name, outcome);
      },
    );
    if (result.passed && run.only === undefined) known.gates = result.gates;
    return result;
  };

  /**
   * A passed gate is recorded for every change that it lands, a failed one only for its culprit, once that is certain.
   */
  async record(verdict: Verdict, isUnconfirmed = false): Promise<void> {
    const { context, actor, rig, rigName } = this.batch;
    if (rig.gates.length === 0) return;
    const { good } = verdictOnLinks(this.tested, verdict);
    const landing = this.tested.findLastIndex(({ link }) => link === good) + 1;
    const results = this.chain.slice(0, good).map((link): { link: Link; length: number; result: GateResult } => ({
      link,
      length: landing,
      result: { passed: true },
    }));
    const { culprit } = verdict;
    if (culprit && !isUnconfirmed)
      results.push({ link: this.linkOf(culprit.link), length: culprit.link, result: culprit.failure });
    if (results.length === 0) return;
    await context.store.batch({ actor }, (tx) => {
      for (const { link, length, result } of results) {
        const { checks, ended, gates } = this.of(length);
        const needed = gates && result.passed ? rig.gates.filter(({ name }) => gates.includes(name)) : rig.gates;
        recordChecks(tx, link.id, checks.results(needed, result), this.linkOf(length).id);
        for (const [gate, outcome] of ended)
          tx.event({ type: `gate_${outcome}`, bead: link.request.source, rig: rigName, message: gate });
      }
    });
  }

  /** @param length number of commits, the last of which belongs to the link */
  private linkOf(length: number): Link {
    return this.chain[this.tested[length - 1]!.link - 1]!;
  }

  private of(length: number): {
    checks: CheckRecorder;
    ended: Map<string, 'passed' | 'failed'>;
    gates?: readonly string[];
  } {
    let run = this.runs.get(length);
    if (!run) {
      run = { checks: new CheckRecorder(this.batch.context.clock), ended: new Map() };
      this.runs.set(length, run);
    }
    return run;
  }
}
