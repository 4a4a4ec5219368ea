import { UserError } from '../../../../server/src/base/errors';
import type { Params } from '../../../../server/src/protocol/request';
import { ConsentGive, RigAdd, type AttentionInfo, type RigInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { oneLine, revealHidden } from '../../base/text';
import { rigNameFrom } from '../rigs/rigName';
import type { Services } from '../../ui/command';

const CONSENT_PATIENCE_MS = 5_000;
const LONG_TEXT = 1_500;
const LONG_LINES = 20;

/** Adds a repository as a rig; its name comes from the repository where none is given. */
export function addRig(
  services: Services,
  request: Omit<Params<typeof RigAdd.spec>, 'name'> & { name?: string },
): Promise<RigInfo> {
  const name = request.name ?? rigNameFrom(request.source, new Set(services.store.rigs.all().map((rig) => rig.id)));
  return services.connection.call(RigAdd.spec, { ...request, name });
}

/** Shows exactly the commands that were found in the repository, and accepts them if the person says so. */
export async function askConsent(services: Services, rig: RigInfo): Promise<boolean> {
  const item = await consentWhere(
    services,
    (candidate) => candidate.consent?.kind === 'rig-commands' && candidate.rig === rig.id,
  );
  return item === undefined || giveConsent(services, item);
}

/** Asks about one thing that would run. What is shown is what its hash stands for. */
export async function giveConsent(services: Services, item: AttentionInfo): Promise<boolean> {
  const { consent } = item;
  if (!consent) throw new UserError(l10n.t('there is nothing to accept in "{0}"', item.title));
  const intro =
    consent.kind === 'rig-commands'
      ? l10n.t('These commands would run on every change before it is merged:')
      : consent.kind === 'script'
        ? l10n.t('This script would run in the worktree of an agent:')
        : l10n.t('This command would run agents without asking before each step:');
  const text = revealHidden(consent.text);
  // A dialog does not scroll: what is long is read in an editor beside it.
  const long = text.length > LONG_TEXT || text.split('\n').length > LONG_LINES;
  if (long) await services.documents.showText(item.title, text);
  const shown = long
    ? l10n.t('Its whole text ({0} lines) is in the editor behind this question.', text.split('\n').length)
    : text;
  const agreed = await services.dialogs.confirm(
    oneLine(item.title, 300),
    `${intro}\n\n${shown}\n\n${l10n.t('You are asked again when any of it changes.')}`,
    l10n.t('Accept'),
  );
  if (!agreed) return false;
  await services.connection.call(ConsentGive.spec, { kind: consent.kind, hash: consent.hash });
  return true;
}

/** Starts an agent; where nobody has accepted its runtime yet, the person is asked, and it is started after that. */
export async function startConsented<T>(
  services: Services,
  runtime: string,
  start: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'consent')) throw error;
    const item = await consentWhere(
      services,
      (candidate) => candidate.consent?.kind === 'runtime' && candidate.title.startsWith(`${runtime} `),
    );
    if (!item) throw error;
    return (await giveConsent(services, item)) ? start() : undefined;
  }
}

/** The question may come a moment after what it is about. */
function consentWhere({ store }: Services, isIt: (item: AttentionInfo) => boolean): Promise<AttentionInfo | undefined> {
  const find = (): AttentionInfo | undefined => store.attention.all().find(isIt);
  return new Promise((resolve) => {
    const found = find();
    if (found) return resolve(found);
    const timer = setTimeout(() => finish(undefined), CONSENT_PATIENCE_MS);
    const listener = store.attention.onDidChange(() => {
      const now = find();
      if (now) finish(now);
    });
    const finish = (item: AttentionInfo | undefined): void => {
      clearTimeout(timer);
      listener.dispose();
      resolve(item);
    };
  });
}
