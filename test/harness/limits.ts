// How long tests wait. A test waits for a state and continues as soon as it is reached, so that these limits matter only
// when something is broken. They are chosen for a machine that is four times slower than a developer's, and busy.

/** For one state of a window, a file or a process: a row appears, a dialog opens, a convoy lands. */
export const WAIT_MS = 120_000;

/** Until VS Code or its server has started. */
export const STARTUP_MS = 240_000;

/** For one test or hook in a real VS Code, which waits for many states; hooks also install VS Code. */
export const TEST_MS = 900_000;

/** For all tests in the extension host; less than the limit of a lane, so that its message is seen. */
export const RUN_MS = 19 * 60_000;
