import { serveJobs } from '../../base/jobs/serveJobs';
import { writeCheckpoint, type CheckpointJob } from './checkpointFile';
import { realFs } from './ledgerFs';

/**
 * The program of the worker thread that writes the ledgers' files (`dist/checkpointWorker.js`): however large a ledger
 * is, the thread that serves clients is not blocked.
 */
serveJobs((job) => writeCheckpoint(realFs, job as CheckpointJob));
