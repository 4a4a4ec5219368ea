import type { Log } from '../base/log';
import { messageOf } from '../base/errors';
import type { TownView } from '../engine/state/townView';
import type { Rig } from '../rigs/rig';

export interface FileReaderOptions {
  rigs: { get(name: string): Pick<Rig, 'files'> | undefined };
  /** The commit of a merge request. */
  commitOf(request: string): string | undefined;
  /** Called when files were read: the order of the queue may have changed. */
  onChange(): void;
  log: Log;
}

/**
 * Reads the files of queued changes, outside the engine: the order of the queue depends on them once they are known, and
 * so does the lane of a change. A change that is alone in the queue of a rig with one lane is never read.
 */
export class FileReader {
  private isReading = false;

  constructor(private readonly options: FileReaderOptions) {}

  /** Handles the view of the last tick. */
  look(view: Pick<TownView, 'merges'>): void {
    if (this.isReading) return;
    const missing = view.merges.filter(
      (merge) => merge.files === undefined && (merge.isUnread || isOneOfSeveral(view, merge.rig)),
    );
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
