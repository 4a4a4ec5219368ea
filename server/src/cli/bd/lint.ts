import { missingSections } from '../../beads/model/sections';
import { BeadList, BeadShow, type Bead } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

type Linted = Pick<Bead, 'id' | 'title' | 'issue_type' | 'description'>;

interface LintOptions {
  type?: string;
  status?: string;
}

export function addLint(program: CliCommand, context: BdContext): void {
  program
    .command('lint')
    .description('find beads whose descriptions lack the sections that their type needs')
    .argument('[ids...]', 'only these (default: all open ones)')
    .option('-t, --type <type>', 'only of this type')
    .option('-s, --status <status>', 'only with this status; all for every one')
    .withHelp({
      text: 'A bug needs Steps to Reproduce and Acceptance Criteria, a task and a feature Acceptance Criteria, an epic Success Criteria.',
      examples: [['bd lint', 'all open beads']],
      exits: { 1: 'something is missing' },
      see: ['bd create'],
    })
    .action(async (ids: string[], options: LintOptions, invocation: Invocation) => {
      const beads = await context.withLedger<Linted[]>(invocation, (backend) => {
        if (ids.length > 0) return backend.call(BeadShow.spec, { ids });
        const type = options.type === undefined ? {} : { type: [options.type] };
        const status = options.status === 'all' ? {} : { status: [options.status ?? 'open'] };
        return backend.call(BeadList.spec, { ...type, ...status, all: true, limit: 0 });
      });
      const results = beads.flatMap((bead) => resultOf(bead));
      const total = results.reduce((sum, each) => sum + each.warnings, 0);
      const isJson = (invocation.options as { json?: boolean }).json === true;
      if (total > 0 && !isJson) context.exitCode = 1;
      context.print(invocation, { total, issues: results.length, results }, () =>
        total === 0
          ? `✓ No template warnings found (${beads.length} issues checked)`
          : [
              `Template warnings (${results.length} issues, ${total} warnings):`,
              '',
              ...results.flatMap((each) => [
                `${each.id} [${oneLine(each.type)}]: ${oneLine(each.title)}`,
                ...each.missing.map((heading) => `  ⚠ Missing: ${heading}`),
                '',
              ]),
            ],
      );
    });
}

function resultOf(bead: Linted) {
  const missing = missingSections(bead.issue_type, bead.description ?? '').map(({ heading }) => heading);
  return missing.length === 0
    ? []
    : [{ id: bead.id, title: bead.title, type: bead.issue_type as string, missing, warnings: missing.length }];
}
