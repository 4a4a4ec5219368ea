import assert from 'node:assert/strict';
import { build } from 'esbuild';
import path from 'node:path';
import { repoRoot } from '../../harness/paths';

/** Modules that read untrusted text: they may only be part of the worker's program. */
const readers = [
  /(?:^|\/)node_modules\/@iarna\/toml\//,
  /^server\/src\/toml\/(?!nodes)/,
  /^server\/src\/formulas\/(?:load|check|compose|cook)\//,
  /^server\/src\/language\/(?:document|features)\//,
];

describe('the threads that serve clients', function () {
  this.timeout(60_000);

  async function modulesOf(entry: string): Promise<string[]> {
    const { metafile } = await build({
      absWorkingDir: repoRoot(),
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      metafile: true,
      logLevel: 'error',
      loader: { '.toml': 'text' },
      external: ['@lydell/node-pty'],
    });
    const [output] = Object.values(metafile.outputs);
    return Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file.split(path.sep).join('/'));
  }
  const isReader = (file: string): boolean => readers.some((pattern) => pattern.test(file));

  for (const program of ['server/src/main.ts', 'server/src/cli/bd/main.ts']) {
    it(`contain nothing that parses or cooks a formula: ${program}`, async () => {
      assert.deepEqual((await modulesOf(program)).filter(isReader), []);
    });
  }

  it('leave that to the worker, which contains all of it', async () => {
    const modules = await modulesOf('server/src/language/server/worker.ts');
    for (const pattern of readers)
      assert.ok(
        modules.some((file) => pattern.test(file)),
        String(pattern),
      );
  });
});
