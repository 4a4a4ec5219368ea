import { UserError } from '../base/errors';
import { parseLedgerText, bytesOf, withBeads, emptyText } from '../beads/storage/ledgerText';
import { changeBetween, mergeVersion } from '../beads/sync/mergeVersion';
import { syncBranch, type SyncGit, type SyncResult } from '../beads/sync/syncBranch';
import type { BeadStore } from '../beads/store';
import { git, gitBytes, gitLine, gitProbe, NETWORK_TIMEOUT_MS, withRepository, type GitOptions } from '../git/git';
import { commitLedger, LEDGER_BRANCH } from '../git/ledgerBranch';
import type { RigRepository } from '../git/repository';
import type { LedgerSyncResult } from '../protocol/ledger';
import type { Rig } from './rig';
import { trackedBeads } from './trackedBeads';

const DEACON = { name: 'deacon', email: 'deacon@gastown.local' };
const FILE = '.beads/issues.jsonl';
/** Ref of the commit whose tracked beads were imported last. */
const TRACKED_REF = 'refs/gastown/tracked-beads';

export type SyncedRig = Pick<Rig, 'name' | 'layout' | 'repository' | 'settings'>;

/**
 * Commits the ledger of a rig to its branch in the rig's repository. If the rig has a `sync_remote`, synchronises both.
 */
export async function syncLedger(rig: SyncedRig, store: BeadStore): Promise<SyncResult> {
  const { repository, layout, name } = rig;
  const remote = remoteOf(rig);
  if (remote === undefined) {
    const commit = await commitLedger(repository, layout.ledger, DEACON);
    const result = {
      branch: LEDGER_BRANCH,
      committed: commit !== undefined,
      merged: false,
      pulled: false,
      pushed: false,
    };
    return commit === undefined ? result : { ...result, commit };
  }
  return syncBranch(
    serverGit(repository),
    {
      directory: layout.ledger,
      flush: async () => {
        await store.checkpoint();
        return store.fileOf(name);
      },
      merge: (base, theirs, version) => mergeInto(store, name, changeBetween(base, theirs, version), remote),
    },
    { branch: LEDGER_BRANCH, file: FILE, remote, pull: true, push: true, message: 'Beads', ownsBranch: true },
  );
}

/**
 * Syncs on request. First imports changes of the beads that the project itself tracks, if these were imported before.
 */
export async function syncLedgerNow(rig: SyncedRig, store: BeadStore): Promise<LedgerSyncResult> {
  const imported = await takeInTracked(rig, store);
  await store.checkpoint();
  const { branch, remote, committed, merged, pushed } = await syncLedger(rig, store);
  return {
    file: store.fileOf(rig.name),
    issues: store.stats(rig.name).summary.total_issues,
    branch,
    committed,
    imported,
    merged,
    pushed,
    ...(remote ? { remote } : {}),
  };
}

/** Records that the project's own beads were imported at the current commit. */
export async function markImported(repository: RigRepository): Promise<void> {
  const tip = await repository.tip();
  if (tip !== undefined) await git(repository.directory, ['update-ref', TRACKED_REF, tip]);
}

/** Imports changes of the project's own beads. @returns number of changed beads */
async function takeInTracked({ repository, name }: SyncedRig, store: BeadStore): Promise<number> {
  const before = await repository.resolve(TRACKED_REF);
  if (before === undefined) return 0;
  await repository.fetch();
  const tip = await repository.tip();
  const tracked = tip === undefined || tip === before ? undefined : await trackedBeads(repository);
  if (!tracked || tip === undefined) return 0;
  const known = await trackedBeads(repository, before);
  const [base, theirs] = [known, tracked].map((each) =>
    each ? bytesOf(withBeads(emptyText, each.text.beads)) : Buffer.alloc(0),
  );
  const changed = await mergeBatch(store, name, changeBetween(base!, theirs!, FILE), tracked.info.prefix);
  await git(repository.directory, ['update-ref', TRACKED_REF, tip, before]);
  return changed.length;
}

/** The remote's name or address in the rig's settings. @throws UserError if it is invalid */
function remoteOf({ settings, name }: SyncedRig): string | undefined {
  const remote = settings.sync_remote?.trim();
  if (!remote) return undefined;
  if (remote.startsWith('-') || remote.includes('::') || /\s/.test(remote))
    throw new UserError(
      `sync_remote of ${name} is not a remote: ${JSON.stringify(remote)}`,
      `Use origin or an address: gt rig set ${name} sync_remote=origin`,
    );
  return remote;
}

async function mergeInto(
  store: BeadStore,
  ledger: string,
  change: { base: string; theirs: string },
  remote: string,
): Promise<boolean> {
  return (await mergeBatch(store, ledger, change, remote)).length > 0;
}

async function mergeBatch(
  store: BeadStore,
  ledger: string,
  change: { base: string; theirs: string },
  from: string,
): Promise<string[]> {
  const [base, theirs] = [change.base, change.theirs].map((text) => parseLedgerText(Buffer.from(text), from).beads);
  if (base!.size + theirs!.size === 0) return [];
  return store.batch({ actor: 'deacon' }, (tx) => mergeVersion(tx, ledger, base!, theirs!).changed);
}

function serverGit(repository: RigRepository): SyncGit {
  const { directory } = repository;
  const run = async (args: string[], options: GitOptions): Promise<string> => {
    const isRemote = ['fetch', 'push', 'ls-remote'].includes(args[0] ?? '');
    const access = isRemote ? { ...(await repository.remoteAccess()), timeoutMs: NETWORK_TIMEOUT_MS } : {};
    return withRepository(directory, () => gitLine(directory, args, { ...access, identity: DEACON, ...options }));
  };
  return {
    folder: directory,
    run: (args, options = {}) => run(args, options),
    probe: (args) => gitProbe(directory, args),
    bytes: (args) => gitBytes(directory, args),
  };
}
