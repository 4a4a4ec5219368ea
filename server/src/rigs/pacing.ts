import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic, PRIVATE_FILE } from '../base/safeFiles';
import { onUnexpectedError } from '../base/errors';

const pacingSchema = z.object({ lastSpawnAt: z.number(), shortLives: z.array(z.number()) });

/** When a rig last started an agent, and when agents ended right after their start. Milliseconds since 1970. */
export type Pacing = z.output<typeof pacingSchema>;

/** More ends than this are not needed to tell a crash loop. */
const MAX_SHORT_LIVES = 200;

/** Keeps a rig's pacing over restarts of the server, so that a crash loop does not start over with each of them. */
export class PacingRecord {
  private known: Pacing | undefined;

  constructor(private readonly file: string) {}

  read(): Pacing {
    this.known ??= this.load();
    return this.known;
  }

  recordSpawn(at: number): void {
    this.save({ ...this.read(), lastSpawnAt: at });
  }

  recordShortLife(at: number): void {
    const { lastSpawnAt, shortLives } = this.read();
    this.save({ lastSpawnAt, shortLives: [...shortLives, at].slice(-MAX_SHORT_LIVES) });
  }

  private load(): Pacing {
    try {
      const text = readTextIfPresent(this.file);
      return text === undefined ? none : (pacingSchema.safeParse(JSON.parse(text)).data ?? none);
    } catch {
      return none; // a record that cannot be read delays nothing
    }
  }

  private save(pacing: Pacing): void {
    this.known = pacing;
    try {
      writeJsonAtomic(this.file, pacing, PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // it holds for this run of the server
    }
  }
}

const none: Pacing = { lastSpawnAt: 0, shortLives: [] };
