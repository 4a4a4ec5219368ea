// Which folder may import which: `npm run lint` holds the imports of CONTRIBUTING's table to it. Types count as imports.
/** A layer that may import only itself and what is named. */
const layer = (name, path, may) => ({
  name,
  severity: 'error',
  from: { path: `^${path}` },
  to: { path: '^(server|client)/src', pathNot: [`^${path}`, ...may.map((folder) => `^${folder}`)] },
});
const server = (folder) => `server/src/${folder}/`;

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: { path: '^(server|client)/src' }, to: { circular: true } },
    layer('base-imports-nothing', server('base'), []),
    layer('protocol-imports-base', server('protocol'), [server('base')]),
    layer('toml-stands-alone', server('toml'), [server('base')]),
    layer('formulas', server('formulas'), ['base', 'protocol', 'toml', 'beads'].map(server)),
    layer('language', server('language'), ['base', 'protocol', 'toml', 'formulas'].map(server)),
    layer('beads', server('beads'), ['base', 'protocol'].map(server)),
    layer('git', server('git'), ['base', 'protocol'].map(server)),
    layer('town', server('town'), ['base', 'protocol', 'git', 'beads'].map(server)),
    layer('agents', server('agents'), ['base', 'protocol', 'town', 'git', 'sessions'].map(server)),
    layer('sessions', server('sessions'), ['base', 'protocol', 'town'].map(server)),
    layer('rigs', server('rigs'), ['base', 'protocol', 'town', 'git', 'beads', 'agents', 'sessions'].map(server)),
    layer(
      'engine',
      server('engine'),
      ['base', 'protocol', 'town', 'git', 'beads', 'agents', 'sessions', 'rigs', 'formulas'].map(server),
    ),
    layer('ledgerServer', server('ledgerServer'), ['base', 'protocol', 'beads', 'formulas'].map(server)),
    layer('client', 'client/src/', ['base', 'protocol'].map(server)),
    layer(
      'cli',
      server('cli'),
      ['base', 'protocol', 'beads', 'formulas', 'ledgerServer', 'town', 'agents'].map(server),
    ),
    {
      name: 'nobody-imports-the-town-server',
      severity: 'error',
      from: { path: '^(server|client)/src', pathNot: ['^server/src/townServer/', '^server/src/main\\.ts$'] },
      to: { path: '^server/src/townServer/' },
    },
    {
      // Agents may run on another machine: only the composition says which provider there is.
      name: 'nothing-assumes-the-local-provider',
      severity: 'error',
      from: {
        path: '^server/src/',
        pathNot: [
          '^server/src/sessions/providers/local/',
          '^server/src/sessions/host/',
          '^server/src/townServer/townService\\.ts$',
        ],
      },
      to: { path: '^server/src/sessions/providers/local/' },
    },
    {
      name: 'only-the-server-validates-messages',
      severity: 'error',
      from: { path: '^(client/src|server/src/cli)/', pathNot: ['^server/src/cli/bd/localBackend\\.ts$'] },
      to: { path: '^server/src/protocol/schemas/' },
    },
    {
      // Loading zod costs a cold command more than everything else that it loads.
      name: 'command-lines-load-no-zod',
      severity: 'error',
      from: { path: '^server/src/cli/', pathNot: ['^server/src/cli/bd/localBackend\\.ts$'] },
      to: { path: '(^|/)node_modules/zod/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.d\\.ts$' },
  },
};
