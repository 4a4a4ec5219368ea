import { UserError } from '../../base/errors';
import { parseAddress } from '../../town/layout';
import { UsageList, type UsageRecord } from '../../protocol/history';
import type { PricedUsage } from '../../protocol/usage';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import { usageText, usageTotals, type UsageTotals } from '../shared/usageText';
import type { GtContext } from './context';

interface CostsOptions {
  today?: boolean;
  week?: boolean;
  byRig?: boolean;
  byRole?: boolean;
  byModel?: boolean;
  byBead?: boolean;
}

const DAY_MS = 24 * 3600 * 1000;

export function addCosts(program: CliCommand, context: GtContext): void {
  program
    .command('costs')
    .description('show the tokens that agents have used, and their cost')
    .option('--today', 'only of conversations that were used today')
    .option('--week', 'only of the last seven days')
    .option('--by-rig', 'by rig instead of by agent')
    .option('--by-role', 'by role: worker or reviewer')
    .option('--by-model', 'by model')
    .option('--by-bead', 'by bead')
    .withHelp({
      text: 'Tokens are read from the records that the programs of agents (claude, codex, gemini, copilot) keep of their conversations, when a session ends. Costs are computed with the prices that you set: none are built in, because they change. Conversations without a bead, such as those of the Mayor and of the crew, are not counted.',
      examples: [
        ['gt costs', 'of each agent'],
        ['gt costs --week --by-model --json', 'for a program'],
        ['gt config price claude-opus-4-5 5 25 --cache-read 0.5 --cache-write 6.25', 'set a price first'],
      ],
      see: ['gt config price', 'bd status'],
    })
    .action(async (options: CostsOptions, invocation: Invocation) => {
      const groupOf = grouping(options);
      const since = sinceOf(options, new Date());
      const records = await context.call(invocation, UsageList.spec, since === undefined ? {} : { since });
      const groups = totalsBy(records.flatMap(groupOf));
      const total = usageTotals(records.map(({ usage }) => usage));
      context.print(invocation, { groups, total }, () =>
        groups.length === 0
          ? 'No tokens are recorded'
          : [...groups.map(lineOf), '', lineOf({ group: 'Total', ...total })],
      );
    });
}

interface Grouped {
  group: string;
  usage: PricedUsage[];
}

/** @throws UserError for several groupings */
function grouping({ byRig, byRole, byModel, byBead }: CostsOptions): (record: UsageRecord) => Grouped[] {
  if ([byRig, byRole, byModel, byBead].filter(Boolean).length > 1)
    throw new UserError('give only one of --by-rig, --by-role, --by-model and --by-bead');
  if (byModel) return ({ usage }) => usage.map((each) => ({ group: each.model, usage: [each] }));
  const nameOf = ({ rig, bead, title, by }: UsageRecord): string => {
    if (byRig) return rig;
    if (byRole) return parseAddress(by)?.role === 'polecats' ? 'worker' : 'reviewer';
    return byBead ? `${bead} ${title}` : by;
  };
  return (record) => [{ group: nameOf(record), usage: record.usage }];
}

function totalsBy(used: readonly Grouped[]): ({ group: string } & UsageTotals)[] {
  const groups = new Map<string, PricedUsage[][]>();
  for (const { group, usage } of used) groups.set(group, [...(groups.get(group) ?? []), usage]);
  return [...groups]
    .map(([group, members]) => ({ group, ...usageTotals(members) }))
    .sort((a, b) => (b.cost ?? 0) - (a.cost ?? 0) || b.tokens_in - a.tokens_in || a.group.localeCompare(b.group));
}

function lineOf({ group, ...totals }: { group: string } & UsageTotals): string {
  return `${oneLine(group)}: ${usageText(totals, 'conversation') ?? 'nothing'}`;
}

function sinceOf({ today, week }: CostsOptions, now: Date): string | undefined {
  if (today && week) throw new UserError('give only one of --today and --week');
  if (today) return new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
  return week ? new Date(now.getTime() - 7 * DAY_MS).toISOString() : undefined;
}
