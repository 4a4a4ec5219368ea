import path from 'node:path';
import { fileStamp } from '../base/safePaths';

/** Settings files that affect how a ledger is read. */
const SETTINGS = ['config.yaml', 'metadata.json', 'redirect'];

/** Detects changes of a ledger's settings since it was opened. */
export class LedgerFolder {
  private stamp: string;

  constructor(private readonly directory: string) {
    this.stamp = this.currentStamp();
  }

  hasOtherSettings(): boolean {
    return this.currentStamp() !== this.stamp;
  }

  /** Records that the settings were read again. */
  settingsRead(): void {
    this.stamp = this.currentStamp();
  }

  private currentStamp(): string {
    return SETTINGS.map((name) => fileStamp(path.join(this.directory, name)) ?? '').join('\n');
  }
}
