import type { Log } from '../base/log';
import { messageOf } from '../base/errors';
import type { TownView } from '../engine/state/townView';
import type { Rig } from '../rigs/rig';

export interface FileReaderOptions {
  rigs: { get(name: string): Pick<Rig, 'files'> | undefined };
  /** The commit of a merge request. */
  commitOf(request: string): string | undefined;
  /** Files were read: the queue may have another order. */
  onChange(): void;
  log: Log;
}

/**
 * Reads which files queued changes touch, beside the engine: their order takes it into account once it is known. A change that
 * is alone in the queue of its rig is never read.
 */
export class FileReader {
  private isReading = false;

  constructor(private readonly options: FileReaderOptions) {}

  /** Looks at what the engine has just seen. */
  look(view: Pick<TownView, 'merges'>): void {
    if (this.isReading) return;
    const missing = view.merges.filter((merge) => merge.files === undefined && isOneOfSeveral(view, merge.rig));
    if (missing.length === 0) return;
    this.isReading = true;
    void this.read(missing).finally(() => (this.isReading = false));
  }

  private async read(missing: readonly { id: string; rig: string }[]): Promise<void> {
    try {
      let isNew = false;
      for (const { id, rig } of missing) {
        const commit = this.options.commitOf(id);
        if (commit !== undefined && (await this.options.rigs.get(rig)?.files.read([commit]))) isNew = true;
      }
      if (isNew) this.options.onChange();
    } catch (error) {
      this.options.log.error(`files of queued changes: ${messageOf(error)}`);
    }
  }
}

function isOneOfSeveral({ merges }: Pick<TownView, 'merges'>, rig: string): boolean {
  return merges.filter((merge) => merge.rig === rig).length > 1;
}
