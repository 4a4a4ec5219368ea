import { VERSION } from '../../protocol/transport/version';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';

/** `bd backend`, `bd repo` and `bd upgrade`: here there is only one store, one repository and one version at a time. */

interface Fact {
  group: string;
  groupSummary: string;
  command: string;
  summary: string;
  example: string;
  see: string;
  /** The value of `--json`, and the lines for people. */
  answer: (invocation: Invocation, context: BdContext) => Promise<[value: unknown, lines: string[]]>;
}

const facts: readonly Fact[] = [
  {
    group: 'backend',
    groupSummary: 'which store is used',
    command: 'show',
    summary: 'show the store',
    example: 'and where it is',
    see: 'bd where',
    answer: async (invocation, context) => {
      const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
      return [
        { backend: 'jsonl', beads_dir: directory },
        ['Current backend: jsonl', '  Description: issues.jsonl with a journal', `  Beads dir: ${directory}`],
      ];
    },
  },
  {
    group: 'repo',
    groupSummary: 'which repositories beads come from',
    command: 'list',
    summary: 'list them',
    example: 'this one; several belong to a town',
    see: 'gt rig list',
    answer: () =>
      Promise.resolve([
        { primary: '.', additional: [] },
        ['Primary repository: .', 'No additional repositories configured'],
      ]),
  },
  {
    group: 'upgrade',
    groupSummary: 'whether this program has changed',
    command: 'status',
    summary: 'show the version',
    example: 'the version',
    see: 'bd version',
    answer: () => Promise.resolve([{ upgraded: false, current_version: VERSION }, [`bd version: ${VERSION}`]]),
  },
];

export function addStoreInfo(program: CliCommand, context: BdContext): void {
  for (const { group, groupSummary, command, summary, example, see, answer } of facts) {
    const help = { examples: [[`bd ${group} ${command}`, example]] as [string, string][], see: [see] };
    program
      .command(group)
      .description(groupSummary)
      .withHelp(help)
      .command(command)
      .description(summary)
      .withHelp(help)
      .action(async (_options: unknown, invocation: Invocation) => {
        const [value, lines] = await answer(invocation, context);
        context.print(invocation, value, () => lines);
      });
  }
}
