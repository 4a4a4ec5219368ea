import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import type { Caller } from '../../../../server/src/protocol/request';
import { PolecatNuke, PolecatRestore, SnapshotList, type SnapshotInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, textParam, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askChoice } from '../../ui/prompts';
import { pickBead } from '../beads/pickBead';
import { pickAgent } from './pickAgent';

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Dialogs;
}

/** Removing a polecat, whose work is kept in a snapshot, and restoring one. */
export function snapshotCommands(services: Services): Commands<'gastown.removeAgent' | 'gastown.restoreSnapshot'> {
  return {
    'gastown.removeAgent': { requires: 'town', run: (argument) => removeAgent(services, argument) },
    'gastown.restoreSnapshot': { requires: 'town', run: (argument) => restoreSnapshot(services, argument) },
  };
}

async function removeAgent({ connection, store, dialogs }: Services, argument: Argument): Promise<unknown> {
  const agent =
    idOf(argument, 'agent') ??
    (await pickAgent(
      store,
      l10n.t('Remove Agent'),
      ({ role }) => role === 'polecat',
      l10n.t('there is no polecat to remove'),
    ));
  const bead = store.agents.get(agent)?.bead;
  const isSubmitted = ['reviewing', 'queued', 'merging'].includes((bead && store.beads.get(bead)?.phase) ?? '');
  const remove = l10n.t('Remove');
  const removeAndCancel = l10n.t('Remove and Cancel Its Merge');
  const choice = await dialogs.choose({
    message: l10n.t('Remove {0}?', agent),
    detail: [
      l10n.t(
        'Its session is ended and its worktree is removed. A snapshot keeps its work, committed or not; "Restore from Snapshot" brings it back.',
      ),
      ...(bead === undefined ? [] : [l10n.t('{0} then waits until it is slung again.', bead)]),
      ...(isSubmitted
        ? [l10n.t('Its change is waiting to be merged: the agent can only be removed together with its merge request.')]
        : []),
    ].join('\n\n'),
    // The server would refuse the other action.
    actions: [isSubmitted ? removeAndCancel : remove],
  });
  if (choice !== remove && choice !== removeAndCancel) return undefined;
  const result = await connection.call(PolecatNuke.spec, { agent, force: choice === removeAndCancel });
  const text = result.snapshot
    ? l10n.t('Removed {0}; its work is in the snapshot {1}.', agent, result.snapshot)
    : l10n.t('Removed {0}.', agent);
  vscode.window.setStatusBarMessage(`$(check) ${noIcons(text)}`, 8_000);
  return result;
}

async function restoreSnapshot(services: Services, argument: Argument): Promise<unknown> {
  const { connection } = services;
  const title = l10n.t('Restore from Snapshot');
  const bead = idOf(argument, 'bead') ?? (await pickBead(services, title));
  const snapshots = await connection.call(SnapshotList.spec, { bead });
  if (snapshots.length === 0)
    throw new UserError(
      l10n.t('there is no snapshot of {0}', bead),
      l10n.t('a snapshot is created when an agent is removed'),
      'not-found',
    );
  const snapshot = textParam(argument, 'snapshot') ?? (await pickSnapshot(snapshots, `${title}: ${bead}`));
  const result = await connection.call(PolecatRestore.spec, { bead, snapshot });
  void offerResume(result.agent);
  return result;
}

function pickSnapshot(snapshots: readonly SnapshotInfo[], title: string): Promise<string> {
  return askChoice(
    snapshots.map(({ label, at, commit }) => ({
      label: oneLine(label, 80),
      description: new Date(at).toLocaleString(),
      detail: commit.slice(0, 12),
      value: label,
    })),
    { title, placeHolder: l10n.t('Select a snapshot') },
  );
}

/** A restored agent stays stopped until the user has checked its work. */
async function offerResume(agent: string): Promise<void> {
  const resume = l10n.t('Resume Agent');
  const text = l10n.t('Restored the work of {0}. The agent is stopped.', agent);
  const choice = await vscode.window.showInformationMessage(text, resume);
  if (choice === resume) await vscode.commands.executeCommand('gastown.resumeAgent', { agent });
}
