import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { PlanCheck, PlanFinding } from '../../protocol/convoyPlan';
import { isClosed } from '../state/work';
import type { ConvoyTown } from './convoys';
import { checkPlan, hinders } from './checkPlan';

/** Checks a plan of these beads against the current state of the town. */
export async function planOf(town: ConvoyTown, beads: readonly Bead[], isEpic = false): Promise<PlanCheck> {
  const missingRuntimes = await town.missingRuntimes(beads.filter((bead) => !isClosed(bead.status)));
  return checkPlan(
    town.store,
    beads,
    { rig: (name) => town.rig(name), missingRuntimes, costOf: (bead) => town.costOf(bead) },
    isEpic,
  );
}

/**
 * @param strict also refuse warnings that do not keep it from landing automatically
 * @throws UserError `conflict`
 */
export function refuseHindered(plan: PlanCheck, { force, strict }: { force: boolean; strict: boolean }): void {
  if (plan.errors.length > 0) throw new UserError(textOf(plan.errors), fixesOf(plan.errors), 'conflict');
  const warnings = force ? [] : plan.warnings.filter((finding) => strict || hinders(finding));
  if (warnings.length > 0) throw new UserError(textOf(warnings), 'fix that, or launch it with --force', 'conflict');
}

export function textOf(findings: readonly PlanFinding[]): string {
  return findings.map(({ message }) => message).join('\n');
}

function fixesOf(findings: readonly PlanFinding[]): string {
  return [...new Set(findings.flatMap(({ suggested_fix: fix }) => fix ?? []))].join('; ');
}
