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
export async function connectionTo(town: CliTown): Promise<TownConnection> {
  const before = { ...process.env };
  // The socket's folder is found by the environment.
  Object.assign(process.env, {
    XDG_RUNTIME_DIR: town.person.env.XDG_RUNTIME_DIR,
    XDG_CONFIG_HOME: town.person.env.XDG_CONFIG_HOME,
    HOME: town.person.home,
  });
  try {
    return await connectTown(
      town.root,
      { kind: 'cli', actor: 'ann', cwd: path.join(town.root, 'toy') },
      { serverJs: path.resolve('dist', 'server.js') },
    );
  } finally {
    for (const name of ['XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'HOME']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
