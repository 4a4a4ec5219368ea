import type { Terminal } from '@xterm/headless';

/**
 * Lets the headless terminal answer a program's queries while `nobodyWatches`. An attached view has its own terminal
 * that answers; two answers to one query would be read as typed text.
 * @param reply writes to the program
 */
export function answerQueries(terminal: Terminal, nobodyWatches: () => boolean, reply: (data: string) => void): void {
  // Nothing is ever typed into the headless terminal, so all of its output is answers.
  const answer = (data: string): void => {
    if (nobodyWatches()) reply(data);
  };
  terminal.onData(answer);
  terminal.onBinary(answer);
}
