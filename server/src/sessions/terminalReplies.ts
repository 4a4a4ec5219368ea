/*
 * A terminal answers the queries of the program that it shows (what are you, where is the cursor, which colour is the
 * background) through the same channel as the keyboard. With several views of one session only one may answer,
 * otherwise the program would read the other answers as typed text.
 */

const escape = '\\u001b';
const reply = new RegExp(
  `^(?:${[
    `${escape}\\[[?>=]?[\\d;]*c`, // device attributes
    `${escape}\\[\\??\\d+(?:;\\d+)*[Rn]`, // cursor position, device status
    `${escape}\\[\\??[\\d;]+\\$y`, // mode report
    `${escape}\\[[\\d;]*t`, // window report
    `${escape}\\[\\?\\d+u`, // keyboard protocol flags
    `${escape}\\](?:4;\\d+|1\\d);rgb:[\\da-fA-F/]+(?:\\u0007|${escape}\\\\)`, // colours
    `${escape}P[^${escape}]*${escape}\\\\`, // status strings, terminal name
  ].join('|')})+$`,
);

/** Whether input is a terminal's automatic answer, not typed by the user. Pure. */
export function isTerminalReply(data: string): boolean {
  return data.startsWith('\u001b') && reply.test(data);
}
