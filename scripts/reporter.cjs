// Mocha's spec output, with the totals appended to the file that GASTOWN_TOTALS names.
const fs = require('node:fs');
const Mocha = require('mocha');

module.exports = class TotalsReporter extends (Mocha.reporters ?? Mocha.default.reporters).Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      if (process.env.GASTOWN_TOTALS)
        fs.appendFileSync(process.env.GASTOWN_TOTALS, `${JSON.stringify({ passes, failures, pending })}\n`);
    });
  }
};
