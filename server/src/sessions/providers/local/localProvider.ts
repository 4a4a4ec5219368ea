import { aliveAmong, endProcessGroup, isAlive, type ProcessIdentity } from '../../../base/process';
import { endProcessesWith } from '../../../base/processTraces';
import { isPresent } from '../../../base/safePaths';
import { hostEndpointFile, readEndpoint } from '../../../protocol/transport';
import type { Connected } from '../../../protocol/transport/streams';
import type { SessionProvider } from '../provider';
import { openHost, type HostConnectOptions } from './openHost';

/** Sessions on this machine, under this user. */
export class LocalProvider implements SessionProvider {
  constructor(
    private readonly root: string,
    private readonly options: HostConnectOptions = {},
  ) {}

  openHost(): Promise<Connected> {
    return openHost(this.root, this.options);
  }

  async hasHost(): Promise<boolean> {
    const endpoint = readEndpoint(hostEndpointFile(this.root));
    return endpoint !== undefined && isAlive(endpoint);
  }

  aliveAmong(processes: readonly ProcessIdentity[]): Promise<ReadonlySet<number>> {
    return aliveAmong(processes);
  }

  async endSession(session: string, group: ProcessIdentity): Promise<void> {
    await endProcessGroup(group);
    // Shells of a killed agent may survive outside its group, and would continue to write into the worktree.
    await endProcessesWith({ variables: { GT_ROOT: this.root, GT_SESSION: session } });
  }

  async hasFolder(folder: string): Promise<boolean> {
    return isPresent(folder);
  }
}
