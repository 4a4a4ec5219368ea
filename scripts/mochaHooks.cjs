// Tests wait for states, and their limits are for the machine they were written on. A machine that is busy or slow gets
// longer: a limit is there to end a test that hangs, not to measure one that works.
const PATIENCE = 4;

// A test that is about the server of a ledger outside of a town says so, and ends what it starts.
process.env.BEADS_NO_DAEMON ??= '1';

exports.mochaHooks = {
  beforeEach() {
    const test = this.currentTest;
    if (test && test.timeout() > 0) test.timeout(test.timeout() * PATIENCE);
  },
};
