import type { ReviewRecord, WorkRecord } from '../../protocol/history';
import { usageTotals, type UsageTotals } from '../shared/usageText';

/** Values of `bd stats --group-by`. */
export const groupings = ['actor', 'model', 'agent', 'rig', 'type'] as const;
export type Grouping = (typeof groupings)[number];

/** Sums of the work of a group, with the field names of `bd stats --actor … --json`. */
export interface WorkSummary {
  /** Value of the grouping. */
  group: string;
  completed: number;
  failed: number;
  active: number;
  /** Number of beads completed at the first attempt, without a rejection. */
  first_try: number;
  /** How often reviewers rejected a change. */
  revisions: number;
  /** Number of approving reviews. */
  approvals: number;
  /** Number of merged commits, each of which passed the rig's gates. */
  merged: number;
  /** Number of positive values of each signal in the validation records of landed changes. */
  signals: Record<string, number>;
  /** Tokens and costs, as far as they are known. */
  usage: UsageTotals;
  /** Averages over completed beads; missing if there are none. */
  average_lead_time_hours?: number;
  average_work_time_hours?: number;
}

export function groupOf(record: WorkRecord, by: Grouping): string {
  switch (by) {
    case 'model':
      return record.model ?? record.runtime ?? 'a person';
    case 'rig':
      return record.rig;
    case 'type':
      return record.type;
    default:
      return record.actor;
  }
}

/** Sums the work by group. @param by without it there is one group named `all` */
export function summaries(work: readonly WorkRecord[], by: Grouping | undefined): WorkSummary[] {
  const groups = new Map<string, WorkRecord[]>(by === undefined ? [['all', []]] : []);
  for (const record of work) {
    const group = by === undefined ? 'all' : groupOf(record, by);
    groups.set(group, [...(groups.get(group) ?? []), record]);
  }
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([group, records]) => ({ group, ...summaryOf(records) }));
}

function summaryOf(records: readonly WorkRecord[]): Omit<WorkSummary, 'group'> {
  const completed = records.filter(({ outcome }) => outcome === 'completed');
  const sum = (value: (record: WorkRecord) => number): number =>
    records.reduce((total, record) => total + value(record), 0);
  const lead = averageHours(completed, ({ createdAt }) => createdAt);
  const work = averageHours(completed, ({ startedAt }) => startedAt);
  return {
    completed: completed.length,
    failed: records.filter(({ outcome }) => outcome === 'failed').length,
    active: records.filter(({ outcome }) => outcome === 'active').length,
    first_try: completed.filter(({ attempts, rejections }) => attempts <= 1 && rejections === 0).length,
    revisions: sum(({ rejections }) => rejections),
    approvals: sum(({ approvals }) => approvals),
    merged: sum(({ merged }) => (merged === undefined ? 0 : 1)),
    signals: signalCounts(records),
    usage: usageTotals(records.map(({ usage }) => usage)),
    ...(lead === undefined ? {} : { average_lead_time_hours: lead }),
    ...(work === undefined ? {} : { average_work_time_hours: work }),
  };
}

function signalCounts(records: readonly WorkRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { validation } of records)
    for (const [name, value] of Object.entries(validation?.quality_signals ?? {}))
      if (value === true) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Hours between two times, rounded to two decimals; undefined if one is missing. */
export function hoursOf(from: string | undefined, to: string | undefined): number | undefined {
  const hours = (Date.parse(to ?? '') - Date.parse(from ?? '')) / 3_600_000;
  return Number.isNaN(hours) ? undefined : Math.round(hours * 100) / 100;
}

/** Average hours from a time of each record to its end, without records that lack one of the two. */
function averageHours(
  records: readonly WorkRecord[],
  from: (record: WorkRecord) => string | undefined,
): number | undefined {
  const hours = records
    .map((record) => (Date.parse(record.closedAt ?? '') - Date.parse(from(record) ?? '')) / 3_600_000)
    .filter((value) => !Number.isNaN(value));
  if (hours.length === 0) return undefined;
  return Math.round((hours.reduce((total, value) => total + value, 0) / hours.length) * 100) / 100;
}

/** Number of completed beads for each language or label of an actor, the most frequent first. */
export interface Skills {
  actor: string;
  completed: number;
  skills: { skill: string; tasks: number }[];
}

export function skillsOf(work: readonly WorkRecord[]): Skills[] {
  const actors = new Map<string, WorkRecord[]>();
  for (const record of work.filter(({ outcome }) => outcome === 'completed'))
    actors.set(record.actor, [...(actors.get(record.actor) ?? []), record]);
  return [...actors]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([actor, records]) => {
      const counts = new Map<string, number>();
      for (const { labels, languages } of records)
        for (const skill of new Set([...languages, ...labels])) counts.set(skill, (counts.get(skill) ?? 0) + 1);
      const skills = [...counts]
        .map(([skill, tasks]) => ({ skill, tasks }))
        .sort((a, b) => b.tasks - a.tasks || a.skill.localeCompare(b.skill));
      return { actor, completed: records.length, skills };
    });
}

/** Reviews given: numbers of approvals and of rejections. */
export function reviewsGiven(reviews: readonly ReviewRecord[]): { approved: number; rejected: number } {
  const count = (verdict: ReviewRecord['verdict']): number =>
    reviews.filter((review) => review.verdict === verdict).length;
  return { approved: count('approved'), rejected: count('rejected') };
}
