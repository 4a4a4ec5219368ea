import type { Command } from 'commander';
import { messageOf, UserError } from '../../base/errors';
import {
  SessionAttach,
  SessionDetach,
  SessionExit,
  SessionInput,
  SessionOutput,
  SessionResize,
  TownGetSnapshot,
} from '../../protocol/town';
import type { TownConnection } from '../../protocol/transport';
import { fullAddress } from '../../town/layout';
import { withTown } from '../shared/connect';

/** Ctrl-]: no shell and no editor wants it. */
const LEAVE = '\x1d';
const MAX_INPUT = 500_000;
/** Modes that a program may have left behind: colours, a hidden cursor, mouse, bracketed paste, the other screen. */
const TIDY = '\x1b[0m\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1049l';

/** Shows an agent's terminal in this one until the person leaves or its session ends. */
export async function attach(command: Command, agent: string): Promise<void> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new UserError('that needs a terminal', "run it in one, or open the agent's terminal in VS Code");
  await withTown(command, async (town) => {
    const address = fullAddress(agent);
    const known = (await town.call(TownGetSnapshot.spec, { once: true })).agents.find(
      (candidate) => candidate.id === address,
    );
    if (!known) throw new UserError(`there is no agent ${agent}`, 'see "gt status"', 'not-found');
    if (known.session === undefined) throw new UserError(`${address} has no session`, hintFor(address), 'not-found');
    const end = await relay(town, known.session, address);
    stdout.write(`${TIDY}\r\n[${end}]\r\n`);
  });
  stdin.pause();
}

function hintFor(address: string): string {
  if (address === 'mayor') return 'start it with "gt mayor start"';
  return address.includes('/crew/')
    ? `start it with "gt crew start ${address.split('/').pop()}"`
    : 'it gets one when it has work';
}

async function relay(town: TownConnection, session: string, address: string): Promise<string> {
  const { stdin, stdout } = process;
  let sequence = Infinity;
  const early: { sequence: number; data: string }[] = [];
  const write = (output: { sequence: number; data: string }): void => {
    if (output.sequence > sequence || output.data.startsWith('\x1bc')) stdout.write(output.data);
    sequence = Math.max(sequence, output.sequence);
  };
  return new Promise<string>((resolve) => {
    let typed = '';
    let sending = false;
    const finish = (end: string): void => {
      stdin.off('data', onData);
      stdout.off('resize', onResize);
      stdin.setRawMode(false);
      void town
        .call(SessionDetach.spec, { session })
        .catch(() => undefined)
        .then(() => resolve(end));
    };
    // One call at a time: what is typed must arrive in order.
    const send = async (): Promise<void> => {
      if (sending) return;
      sending = true;
      while (typed !== '') {
        const data = typed;
        typed = '';
        await town.call(SessionInput.spec, { session, data });
      }
      sending = false;
    };
    const onData = (data: Buffer | string): void => {
      const text = String(data);
      const leave = text.indexOf(LEAVE);
      typed = (typed + (leave < 0 ? text : text.slice(0, leave))).slice(0, MAX_INPUT);
      const sent = send();
      if (leave >= 0) void sent.catch(() => undefined).then(() => finish(`left ${address}; it works on`));
      else sent.catch((error: unknown) => finish(messageOf(error)));
    };
    const onResize = (): void => {
      town
        .call(SessionResize.spec, { session, cols: Math.max(2, stdout.columns), rows: Math.max(1, stdout.rows) })
        .catch(() => undefined);
    };
    town.onNotification(SessionOutput.spec, (output) => {
      if (output.session !== session) return;
      if (sequence === Infinity) early.push(output);
      else write(output);
    });
    town.onNotification(SessionExit.spec, (exit) => {
      if (exit.session === session) finish(`the session of ${address} has ended`);
    });
    town.onClose(() => finish('the server does not answer'));
    stdin.setRawMode(true);
    stdin.setEncoding('utf8').on('data', onData).resume();
    stdout.on('resize', onResize);
    onResize();
    town.call(SessionAttach.spec, { session }).then(
      (screen) => {
        stdout.write(`\x1bc${screen.screen}`);
        sequence = screen.sequence;
        for (const output of early) write(output);
        if (screen.exited) finish(`the session of ${address} has ended`);
      },
      (error: unknown) => finish(messageOf(error)),
    );
  });
}
