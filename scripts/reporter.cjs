// Mocha's spec output, with the totals and the failed tests appended to the file that GASTOWN_TOTALS names.
const fs = require('node:fs');
const Mocha = require('mocha');

module.exports = class TotalsReporter extends (Mocha.reporters ?? Mocha.default.reporters).Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    runner.on('fail', (test, error) => {
      failed.push({ title: test.titlePath().join(' › '), error: String(error?.stack ?? error).slice(0, 3000) });
    });
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      if (process.env.GASTOWN_TOTALS)
        fs.appendFileSync(process.env.GASTOWN_TOTALS, `${JSON.stringify({ passes, failures, pending, failed })}\n`);
    });
  }
};
