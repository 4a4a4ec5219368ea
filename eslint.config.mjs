import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', 'node_modules/**', '.vscode-test/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      'max-lines': ['warn', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-console': 'off',
      'max-lines': ['warn', { max: 600, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    // The language features are pure: another host than Node may run them.
    files: ['server/src/toml/**/*.ts', 'server/src/language/{document,features}/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['node:*', 'vscode', '**/townServer/**', '**/language/server/**', '**/client/**'] },
      ],
      'no-restricted-globals': ['error', 'process', 'Buffer', 'require'],
    },
  },
  {
    // Links, pipes and devices that a clone or a copied town brings along: base/safeFiles.ts and safeFolders.ts open no such file.
    files: ['server/src/**/*.ts'],
    ignores: [
      'server/src/base/**',
      // The programs' own files beside the bundle, and the folder of sockets, which is checked to be ours alone.
      'server/src/beads/index/wasm.ts',
      'server/src/protocol/transport/{address,rpcServer}.ts',
      // What a person names on a command line, pipes included, and what runtimes keep in the person's home.
      'server/src/cli/shared/main.ts',
      'server/src/cli/bd/options.ts',
      'server/src/cli/gt/mayor.ts',
      'server/src/agents/presets/**',
      'server/src/agents/usage/readUsage.ts',
      'server/src/town/mark.ts',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.object.name='fs'][callee.property.name=/^((open|readFile|writeFile|appendFile|copyFile|cp|mkdir|mkdtemp|readdir|opendir|rename|rm|rmdir|unlink|truncate|chmod|chown|link|symlink)Sync|create(Read|Write)Stream)$/]",
          message:
            'Use base/safeFiles.ts or safeFolders.ts: the file may be a link, a pipe or a device that somebody else put there.',
        },
        {
          selector:
            "ImportDeclaration[source.value=/^(node:)?fs.promises$/], MemberExpression[object.name='fs'][property.name='promises']",
          message: 'Use base/safeFiles.ts or safeFolders.ts.',
        },
        {
          selector: 'ImportDeclaration[source.value=/^(node:)?fs$/] > ImportSpecifier',
          message:
            'Import the whole of node:fs, so that its calls can be checked, or use base/safeFiles.ts or safeFolders.ts.',
        },
      ],
    },
  },
  { files: ['**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
