import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic, PRIVATE_FILE } from '../base/safeFiles';
import { onUnexpectedError } from '../base/errors';

const pacingSchema = z.object({ lastSpawnAt: z.number(), shortLives: z.array(z.number()) });

/** Times of the last start of an agent in a rig, and of early exits of agents. Milliseconds since 1970. */
export type Pacing = z.output<typeof pacingSchema>;

/** Maximum number of stored exits, which is enough to detect a crash loop. */
const MAX_SHORT_LIVES = 200;

/** Stores a rig's pacing over restarts of the server, so that the detection of a crash loop does not start over. */
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
      return none; // an unreadable record causes no delay
    }
  }

  private save(pacing: Pacing): void {
    this.known = pacing;
    try {
      writeJsonAtomic(this.file, pacing, PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // it is kept in memory for this run of the server
    }
  }
}

const none: Pacing = { lastSpawnAt: 0, shortLives: [] };
