import { z } from 'zod';
import type { GateName } from '../protocol/town';

const packageJson = z.looseObject({ scripts: z.record(z.string(), z.string()).default({}) });

/** The placeholder that npm writes into every new package; not a test suite. */
const NO_TEST = /no test specified/;

/**
 * Proposes gates from the files of a repository. None of them runs until a person accepts it.
 * @param read the text of a file at the repository's root, or undefined
 */
export async function detectGates(
  read: (file: string) => Promise<string | undefined>,
): Promise<Partial<Record<GateName, string>>> {
  const manifest = await read('package.json');
  if (manifest !== undefined) return npmGates(manifest, (await read('package-lock.json')) !== undefined);
  if ((await read('Cargo.toml')) !== undefined) return { build: 'cargo build', test: 'cargo test' };
  if ((await read('go.mod')) !== undefined) return { build: 'go build ./...', test: 'go test ./...' };
  const makefile = await read('Makefile');
  if (makefile !== undefined && /^test:/m.test(makefile)) return { test: 'make test' };
  return {};
}

function npmGates(manifest: string, locked: boolean): Partial<Record<GateName, string>> {
  let parsed: z.infer<typeof packageJson>;
  try {
    parsed = packageJson.parse(JSON.parse(manifest));
  } catch {
    return {}; // A broken manifest proposes nothing; the user has to name the gates.
  }
  const gates: Partial<Record<GateName, string>> = {};
  const hasDependencies = ['dependencies', 'devDependencies'].some(
    (key) => Object.keys((parsed[key] as object | undefined) ?? {}).length > 0,
  );
  if (hasDependencies) gates.setup = locked ? 'npm ci' : 'npm install --no-audit --no-fund';
  for (const name of ['typecheck', 'lint', 'build', 'test'] as const) {
    const script = parsed.scripts[name];
    if (script && !NO_TEST.test(script)) gates[name] = name === 'test' ? 'npm test' : `npm run ${name}`;
  }
  return gates;
}
