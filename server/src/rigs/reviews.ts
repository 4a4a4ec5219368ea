import path from 'node:path';
import { UserError } from '../base/errors';
import { safePart } from '../git/names';
import { diffOf } from '../git/patchId';
import type { RigRepository } from '../git/repository';
import { keepForReview } from '../git/reviewRefs';
import { checkoutDetached, type CheckoutOptions } from '../git/worktree';
import { commandsOf, type RigSettings } from '../town/config';
import type { RigLayout, TownLayout } from '../town/layout';
import { endRecordedGate } from './gates';
import { runReviewScript } from './reviewScript';
import type { ReviewedChange } from './types';

/** The reviewer for the rig's own command; also the name of its checkout. */
const SCRIPT_REVIEWER = 'script';

/** What reviews need of their rig. */
export interface ReviewNeeds {
  town: TownLayout;
  rig: string;
  repository: RigRepository;
  layout: RigLayout;
  settings(): RigSettings;
  checkout(): CheckoutOptions;
  environment(): Promise<NodeJS.ProcessEnv>;
  /** @throws UserError `consent` if the commands of the rig wait for a person */
  requireAccepted(): void;
}

/** Changes under review: their refs, the checkouts of reviewers, and the rig's own review command. */
export class RigReviews {
  constructor(private readonly rig: ReviewNeeds) {}

  keep(mergeRequest: string, commit: string, open: readonly string[]): Promise<void> {
    return keepForReview(this.rig.repository, mergeRequest, commit, open);
  }

  async prepare(reviewer: string, commit: string): Promise<void> {
    const { repository, layout } = this.rig;
    await checkoutDetached(repository, layout.reviewWorktree(reviewer), commit, this.rig.checkout());
  }

  async run(change: ReviewedChange): Promise<{ code: number | null; output: string }> {
    const { town, rig, layout, repository } = this.rig;
    const groupFile = path.join(town.runtime, 'gates', `${rig}.review.group.json`);
    await endRecordedGate(groupFile);
    await this.prepare(SCRIPT_REVIEWER, change.commit);
    this.rig.requireAccepted();
    const settings = this.rig.settings();
    const command = commandsOf(settings).find((candidate) => candidate.name === 'review');
    if (!command) throw new UserError(`${rig} has no review command`, 'set review_command in its settings/config.json');
    const files = {
      worktree: layout.reviewWorktree(SCRIPT_REVIEWER),
      directory: layout.reviewer(SCRIPT_REVIEWER),
      groupFile,
      logFile: town.gateLog(rig, safePart(change.mergeRequest), command.name),
    };
    const diff = await diffOf(repository, change.base, change.commit);
    const described = { ...change, depth: settings.review_depth };
    return runReviewScript(command, described, diff, files, await this.rig.environment());
  }
}
