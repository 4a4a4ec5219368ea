import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import type { Caller } from '../../../../server/src/protocol/request';
import { MqList, MqLog, MqRetry, type GateLog, type MergeRequestInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, textParam, type Argument, type Commands } from '../../ui/command';
import { askChoice } from '../../ui/prompts';

interface Services {
  connection: Caller;
  store: TownStore;
}

/** Commands for changes whose merge is waiting, has failed, or has ended. */
export function mergeCommands(services: Services): Commands<'gastown.retryMerge' | 'gastown.openGateLog'> {
  return {
    'gastown.retryMerge': { requires: 'town', run: (argument) => retryMerge(services, argument) },
    'gastown.openGateLog': { requires: 'readableTown', run: (argument) => openGateLog(services, argument) },
  };
}

async function retryMerge(services: Services, argument: Argument): Promise<unknown> {
  const isStopped = ({ state, waitsFor }: MergeRequestInfo): boolean =>
    state === 'failed' || state === 'rejected' || waitsFor === 'retry';
  const id = changeIn(services, argument) ?? (await pick(services, l10n.t('Retry Merge'), isStopped));
  const result = await services.connection.call(MqRetry.spec, { id });
  vscode.window.setStatusBarMessage(`$(check) ${l10n.t('{0} is in the merge queue again.', result.bead)}`, 5_000);
  return result;
}

async function openGateLog(services: Services, argument: Argument): Promise<unknown> {
  const title = l10n.t('Open Gate Log');
  const hasChecks = ({ checks }: MergeRequestInfo): boolean => checks.length > 0;
  const id = changeIn(services, argument) ?? (await pick(services, title, hasChecks));
  const { bead, logs } = await services.connection.call(MqLog.spec, { id });
  const [first, another] = logs;
  if (!first)
    throw new UserError(
      l10n.t('no gate has run for {0}', bead),
      l10n.t('gates run when its change is merged'),
      'not-found',
    );
  const named = logs.find(({ gate }) => gate === textParam(argument, 'gate'));
  const log = named ?? (another ? await pickLog(logs, `${title}: ${bead}`) : first);
  await vscode.window.showTextDocument(vscode.Uri.file(log.path));
  return { path: log.path };
}

function pickLog(logs: readonly GateLog[], title: string): Promise<GateLog> {
  return askChoice(
    logs.map((log) => ({ label: log.gate, description: new Date(log.at).toLocaleString(), value: log })),
    { title, placeHolder: l10n.t('Select a gate') },
  );
}

/** Id of the merge request or bead in the argument of a row or a program. */
function changeIn({ store }: Services, argument: Argument): string | undefined {
  const attention = idOf(argument, 'attention');
  const item = attention === undefined ? undefined : store.attention.get(attention);
  return item?.mergeRequest ?? item?.bead ?? textParam(argument, 'change') ?? idOf(argument, 'bead');
}

async function pick(
  { connection }: Services,
  title: string,
  fits: (info: MergeRequestInfo) => boolean,
): Promise<string> {
  const list = (await connection.call(MqList.spec, { all: true })).filter(fits);
  if (list.length === 0) throw new UserError(l10n.t('there is no such change'), undefined, 'not-found');
  return askChoice(
    list.map((info) => ({
      label: noIcons(oneLine(info.title)),
      value: info.id,
      description: `${info.bead} · ${info.worker}`,
      detail: info.reason === undefined ? info.state : `${info.state}: ${oneLine(info.reason, 120)}`,
    })),
    { title, placeHolder: l10n.t('Select a change') },
  );
}
