/** `bd` as its own program for tests that need several at once. */
import '../../server/src/cli/bd/main';
