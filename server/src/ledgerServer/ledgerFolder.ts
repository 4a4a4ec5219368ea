import path from 'node:path';
import { fileStamp } from '../base/safePaths';

/** Files that say how a ledger is to be read. */
const SETTINGS = ['config.yaml', 'metadata.json', 'redirect'];

/** Whether the settings of a ledger are still those that it was opened with. */
export class LedgerFolder {
  private stamp: string;

  constructor(private readonly directory: string) {
    this.stamp = this.currentStamp();
  }

  hasOtherSettings(): boolean {
    return this.currentStamp() !== this.stamp;
  }

  /** They were read again. */
  settingsRead(): void {
    this.stamp = this.currentStamp();
  }

  private currentStamp(): string {
    return SETTINGS.map((name) => fileStamp(path.join(this.directory, name)) ?? '').join('\n');
  }
}
