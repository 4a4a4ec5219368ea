import type { GateInfo } from '../../protocol/town';
import type { MergeRequest, Work } from '../state/work';

export type Validation = NonNullable<Work['validation']>;

/** Signals by name of the gate; named as in the validation record of the specification. */
const SIGNALS: Readonly<Record<string, string>> = {
  test: 'tests_passed',
  lint: 'lint_clean',
  typecheck: 'typecheck_clean',
  build: 'build_passed',
};

/**
 * Validation record of a landed change: all needed gates have passed.
 * @param by the refinery, or the person who landed it directly
 */
export function validationOf(
  request: MergeRequest,
  { commit, by, gates, at }: { commit: string; by: string; gates: readonly GateInfo[]; at: Date },
): Validation {
  const direct = directLandingOf(request, commit);
  // A change may need only some of the gates.
  const tested = (direct ? undefined : request.checks?.map((check) => check.gate)) ?? gates.map(({ name }) => name);
  const ran = (gate: string): boolean | null => (!direct?.skipTests && tested.includes(gate) ? true : null);
  return {
    validated_by: direct?.by ?? by,
    validation_type: direct ? 'direct-landing' : 'merge',
    timestamp: at.toISOString(),
    quality_signals: {
      ...Object.fromEntries(Object.entries(SIGNALS).map(([gate, signal]) => [signal, ran(gate)])),
      review_approved: !direct && request.review?.state === 'approved' ? true : null,
    },
  };
}

/** The direct landing that landed this commit: an unfinished one leaves its mark on the request, too. */
export function directLandingOf(request: MergeRequest, commit: string | undefined): MergeRequest['direct'] {
  return request.direct !== undefined && request.direct.commit === commit ? request.direct : undefined;
}
