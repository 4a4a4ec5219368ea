import { VERSION } from '../../protocol/transport/version';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';

/** `bd backend`, `bd repo` and `bd upgrade`: there is one store, one repository and one version at a time. */

export function addStoreInfo(program: CliCommand, context: BdContext): void {
  const backend = program
    .command('backend')
    .description('which store is used')
    .withHelp({ examples: [['bd backend show', 'there is one']], see: ['bd info'] });
  backend
    .command('show')
    .description('show the store')
    .withHelp({ examples: [['bd backend show', 'and where it is']], see: ['bd where'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
      context.print(invocation, { backend: 'jsonl', beads_dir: directory }, () => [
        'Current backend: jsonl',
        '  Description: issues.jsonl with a journal',
        `  Beads dir: ${directory}`,
      ]);
    });
  const repo = program
    .command('repo')
    .description('which repositories beads come from')
    .withHelp({ examples: [['bd repo list', 'this one; several belong to a town']], see: ['gt rig list'] });
  repo
    .command('list')
    .description('list them')
    .withHelp({ examples: [['bd repo list', 'this one']], see: ['gt rig list'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print(invocation, { primary: '.', additional: [] }, () => [
        'Primary repository: .',
        'No additional repositories configured',
      ]),
    );
  const upgrade = program
    .command('upgrade')
    .description('whether this program has changed')
    .withHelp({ examples: [['bd upgrade status', 'the version']], see: ['bd version'] });
  upgrade
    .command('status')
    .description('show the version')
    .withHelp({ examples: [['bd upgrade status', 'the version']], see: ['bd version'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print(invocation, { upgraded: false, current_version: VERSION }, () => `bd version: ${VERSION}`),
    );
}
