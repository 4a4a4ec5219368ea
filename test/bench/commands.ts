import { execFile } from 'node:child_process';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { medians, type Row } from './measure';

const subject = 'commands';
const COLD = 1.5;

/** Cold commands beside a node that does nothing: with the same environment, in turns. */
export async function commands(): Promise<Row[]> {
  const town = await CliTown.make();
  try {
    const bead = await town.bead('Bench', 'true');
    const node = (...args: string[]) =>
      new Promise<void>((resolve, reject) => {
        execFile(process.execPath, args, { cwd: path.join(town.root, 'toy'), env: town.person.env }, (error) =>
          error ? reject(new Error(error.message)) : resolve(),
        );
      });
    const [gt, bd] = ['gt', 'bd'].map((name) => path.resolve('dist', `${name}.js`)) as [string, string];
    const times = await medians(25, {
      node: () => node('-e', '0'),
      'bd ready': () => node(bd, 'ready', '--json'),
      'bd show': () => node(bd, 'show', bead, '--json'),
      'bd create': () => node(bd, 'create', 'New'),
      'gt status': () => node(gt, 'status'),
      'gt version': () => node(gt, 'version'),
      'a completion': () => node(bd, '__complete', 'bash', 'show', ''),
    });
    const goals = new Set(['bd ready', 'bd show', 'gt status']);
    return [
      { subject, what: 'node -e 0', median: times.node },
      ...Object.entries(times)
        .filter(([what]) => what !== 'node')
        .map(
          ([what, ms]): Row => ({
            subject,
            what: what,
            note: 'cold, in a town',
            median: ms,
            ratio: { to: 'node', value: ms / times.node },
            ...(goals.has(what) ? { goal: { ratio: COLD } } : {}),
          }),
        ),
    ];
  } finally {
    await town.dispose();
  }
}
