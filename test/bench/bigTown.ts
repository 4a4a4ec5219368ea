import path from 'node:path';
import { connectTown, type TownConnection } from '../../server/src/protocol/transport';
import { CliTown } from '../helpers/cliTown';
import { filledStore } from './beads';

/** A town whose rig has so many beads. */
export async function bigTown(beads: number): Promise<CliTown> {
  const town = await CliTown.make();
  if (beads === 0) return town;
  const { store, directory } = await filledStore(beads);
  await store.close();
  await town.person.ok('bd', ['import', path.join(directory, 'issues.jsonl'), '--quiet'], {
    cwd: path.join(town.root, 'toy'),
  });
  return town;
}

/** A connection of this process to the town's server, which is started if need be. */
export function connectionTo(town: CliTown): Promise<TownConnection> {
  return withPerson(town, () =>
    connectTown(
      town.root,
      { kind: 'cli', actor: 'ann', cwd: path.join(town.root, 'toy') },
      { serverJs: path.resolve('dist', 'server.js') },
    ),
  );
}

const NAMES = ['XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'HOME'] as const;
let inside = 0;
let outside: NodeJS.ProcessEnv = {};

/** Runs something with the environment of the town's person, by which the socket's folder is found; also many at once. */
export async function withPerson<T>(town: CliTown, work: () => Promise<T>): Promise<T> {
  if (inside === 0) outside = { ...process.env };
  inside += 1;
  for (const name of NAMES) process.env[name] = town.person.env[name];
  try {
    return await work();
  } finally {
    inside -= 1;
    if (inside === 0)
      for (const name of NAMES) {
        if (outside[name] === undefined) delete process.env[name];
        else process.env[name] = outside[name];
      }
  }
}
