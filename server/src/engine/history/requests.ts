import type { BeadStore } from '../../beads/store';
import { UserError } from '../../base/errors';
import { filesOfCommits } from '../../git/change';
import type { Dispatcher } from '../../protocol/dispatcher';
import { ModelPrices, UsageList, WorkHistory, type WorkRecord } from '../../protocol/history';
import type { Rigs } from '../../rigs/registry';
import { townSettingsFile } from '../../town/config';
import type { TownLayout } from '../../town/layout';
import { workOf } from '../state/work';
import type { Prices } from './costs';
import { languagesOf } from './languages';
import { isOf, reviewRecords, usageRecords, workRecords, type RigBead } from './workHistory';

export interface HistoryTown {
  readonly dispatcher: Dispatcher;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'all' | 'get'>;
  readonly layout: TownLayout;
}

export function registerHistoryHandlers({ dispatcher, store, rigs, layout }: HistoryTown): void {
  const prices = (): Prices => townSettingsFile(layout).read().prices;
  const all = (): RigBead[] =>
    rigs
      .all()
      .flatMap(({ name }) => store.list({ ledger: name, all: true, limit: 0 }).map((bead) => ({ bead, rig: name })));
  dispatcher.on(WorkHistory.spec, async ({ actor, tag }) => {
    const beads = all();
    const ofActor = beads.filter(({ bead }) => bead.assignee !== undefined && isOf(actor, bead.assignee));
    const languages = await languagesByCommit(rigs, ofActor);
    const work = workRecords(ofActor, actor, { languages, prices: prices() });
    return { work: work.filter((record) => hasTag(record, tag)), reviews: reviewRecords(beads, actor) };
  });
  dispatcher.on(UsageList.spec, async ({ since }) => usageRecords(all(), since, prices()));
  dispatcher.on(ModelPrices.spec, async ({ model, price }) => {
    const file = townSettingsFile(layout);
    if (model !== undefined && price !== undefined) {
      if (price === null && !Object.hasOwn(file.read().prices, model))
        throw new UserError(`${model} has no price`, 'see "gt config price"', 'not-found');
      file.update((settings) => {
        if (price === null) delete settings.prices[model];
        else settings.prices[model] = price;
      });
    }
    return file.read().prices;
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
