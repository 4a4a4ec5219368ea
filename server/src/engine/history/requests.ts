import type { BeadStore } from '../../beads/store';
import { filesOfCommits } from '../../git/change';
import type { Dispatcher } from '../../protocol/dispatcher';
import { WorkHistory, type WorkRecord } from '../../protocol/history';
import type { Rigs } from '../../rigs/registry';
import { workOf } from '../state/work';
import { languagesOf } from './languages';
import { isOf, reviewRecords, workRecords, type RigBead } from './workHistory';

export interface HistoryTown {
  readonly dispatcher: Dispatcher;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'all' | 'get'>;
}

export function registerHistoryHandlers({ dispatcher, store, rigs }: HistoryTown): void {
  dispatcher.on(WorkHistory.spec, async ({ actor, tag }) => {
    const beads = rigs
      .all()
      .flatMap(({ name }) => store.list({ ledger: name, all: true, limit: 0 }).map((bead) => ({ bead, rig: name })));
    const ofActor = beads.filter(({ bead }) => bead.assignee !== undefined && isOf(actor, bead.assignee));
    const work = workRecords(ofActor, actor, await languagesByCommit(rigs, ofActor));
    return { work: work.filter((record) => hasTag(record, tag)), reviews: reviewRecords(beads, actor) };
  });
}

function hasTag(record: WorkRecord, tag: string | undefined): boolean {
  return tag === undefined || record.labels.includes(tag) || record.languages.includes(tag.toLowerCase());
}

/** The languages of the commits that the beads were merged as, with one git command per rig. */
async function languagesByCommit(
  rigs: HistoryTown['rigs'],
  beads: readonly RigBead[],
): Promise<Map<string, readonly string[]>> {
  const commits = new Map<string, string[]>();
  for (const { bead, rig } of beads) {
    const { merged } = workOf(bead);
    if (merged !== undefined) commits.set(rig, [...(commits.get(rig) ?? []), merged]);
  }
  const languages = new Map<string, readonly string[]>();
  for (const [name, merged] of commits) {
    const rig = rigs.get(name);
    if (!rig) continue;
    for (const [commit, files] of await filesOfCommits(rig.repository, merged))
      languages.set(commit, languagesOf(files));
  }
  return languages;
}
