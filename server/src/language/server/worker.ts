import { serveJobs } from '../../base/jobs/serveJobs';
import { tiersFor } from '../../formulas/registry/files';
import { ParseCache } from '../../formulas/registry/parseCache';
import { FormulaRegistry } from '../../formulas/registry/registry';
import { runFormulaJob, type FormulaJob } from '../../formulas/service/jobs';
import { LanguageJobs, type LanguageJob } from './languageJobs';

/**
 * The program of the worker thread for formulas (`dist/formulaWorker.js`): untrusted text is parsed, checked and cooked
 * here, never in a thread that serves clients.
 */

const cache = new ParseCache();
const language = new LanguageJobs(cache);

serveJobs((job, onText) => {
  const request = job as FormulaJob | LanguageJob;
  if (request.kind === 'language') return language.run(request, onText);
  return runFormulaJob(request, new FormulaRegistry(tiersFor(request.places), { cache, onText }));
});
