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
import type { RpcClient } from '../../protocol/transport/rpcClient';
import { fullAddress } from '../../town/layout';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

/** Ctrl-]: no shell and no editor uses it. */
const DETACH_KEY = '\x1d';
/** Resets the terminal: clears it and all modes. */
const RESET = '\x1bc';
/** Characters that may wait to be sent; more are dropped. */
const MAX_PENDING_INPUT = 500_000;
/**
 * Turns off modes that a program may have left on: colours, hidden cursor, mouse, bracketed paste, alternate screen.
 */
const RESET_MODES = '\x1b[0m\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1049l';

export function addAttach(program: CliCommand, context: GtContext): void {
  program
    .command('attach <agent>')
    .description('show the terminal of an agent in this one; Ctrl-] detaches')
    .withHelp({
      text: 'You see what the agent sees, and may type. After Ctrl-] the agent continues.',
      examples: [['gt attach toy/rust', 'watch it and type']],
      see: ['gt peek', 'gt crew attach'],
    })
    .action(async (agent: string, _options: unknown, invocation: Invocation) => attach(invocation, context, agent));
}

/** Shows an agent's terminal in this one until the user detaches or the session ends. */
export async function attach(invocation: Invocation, context: GtContext, agent: string): Promise<void> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new UserError('this needs a terminal', "run it in one, or open the agent's terminal in VS Code");
  await context.withConnection(invocation, async (town) => {
    const address = fullAddress(agent);
    const known = (await town.call(TownGetSnapshot.spec, { once: true })).agents.find(
      (candidate) => candidate.id === address,
    );
    if (!known) throw new UserError(`there is no agent ${agent}`, 'see "gt status"', 'not-found');
    if (known.session === undefined) throw new UserError(`${address} has no session`, hintFor(address), 'not-found');
    const end = await relay(town, known.session, address);
    stdout.write(`${RESET_MODES}\r\n[${end}]\r\n`);
  });
  stdin.pause();
}

function hintFor(address: string): string {
  if (address === 'mayor') return 'start it with "gt mayor start"';
  return address.includes('/crew/')
    ? `start it with "gt crew start ${address.split('/').pop()}"`
    : 'it starts when it has work';
}

/** Passes output and keys between the terminal and the session. @returns why it ended */
async function relay(town: RpcClient, session: string, address: string): Promise<string> {
  const { stdin, stdout } = process;
  let sequence = Infinity;
  const early: SessionOutput.Params[] = [];
  const write = (output: SessionOutput.Params): void => {
    if (output.isScreen) stdout.write(RESET + output.data);
    else if (output.sequence > sequence) stdout.write(output.data);
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
    // One call at a time, so that keys arrive in order.
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
      const detach = text.indexOf(DETACH_KEY);
      typed = (typed + (detach < 0 ? text : text.slice(0, detach))).slice(0, MAX_PENDING_INPUT);
      const sent = send();
      if (detach >= 0) void sent.catch(() => undefined).then(() => finish(`detached from ${address}; it continues`));
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
    town.onClose(() => finish('lost the connection to the server'));
    stdin.setRawMode(true);
    stdin.setEncoding('utf8').on('data', onData).resume();
    stdout.on('resize', onResize);
    onResize();
    town.call(SessionAttach.spec, { session }).then(
      (screen) => {
        stdout.write(`${RESET}${screen.screen}`);
        sequence = screen.sequence;
        for (const output of early) write(output);
        if (screen.exited) finish(`the session of ${address} has ended`);
      },
      (error: unknown) => finish(messageOf(error)),
    );
  });
}
