import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { commandIds } from '../../client/src/ui/commandIds';
import { FORMULA_LANGUAGE } from '../../client/src/features/formulas/formulaServing';
import { viewStates } from '../../client/src/features/town/viewState';
import { repoRoot } from '../harness/paths';

const menuItem = z.object({ command: z.string(), when: z.string().optional(), group: z.string().optional() });
const manifestSchema = z.object({
  name: z.string(),
  publisher: z.string(),
  version: z.string(),
  main: z.string(),
  icon: z.string(),
  engines: z.object({ vscode: z.string() }),
  bin: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  activationEvents: z.array(z.string()),
  extensionKind: z.array(z.string()),
  capabilities: z.object({
    untrustedWorkspaces: z.object({
      supported: z.union([z.boolean(), z.literal('limited')]),
      description: z.string(),
      restrictedConfigurations: z.array(z.string()),
    }),
    virtualWorkspaces: z.object({ supported: z.boolean(), description: z.string() }),
  }),
  contributes: z.object({
    viewsContainers: z.record(z.string(), z.array(z.object({ id: z.string(), title: z.string(), icon: z.string() }))),
    views: z.record(
      z.string(),
      z.array(z.object({ id: z.string(), name: z.string(), icon: z.string(), when: z.string().optional() })),
    ),
    viewsWelcome: z.array(z.object({ view: z.string(), contents: z.string(), when: z.string() })),
    commands: z.array(
      z.object({ command: z.string(), title: z.string(), category: z.string(), icon: z.string().optional() }),
    ),
    languages: z.array(
      z.object({
        id: z.string(),
        extensions: z.array(z.string()),
        configuration: z.string(),
        icon: z.object({ light: z.string(), dark: z.string() }),
      }),
    ),
    grammars: z.array(z.object({ language: z.string(), scopeName: z.string(), path: z.string() })),
    menus: z.record(z.string(), z.array(menuItem)),
    configuration: z.object({
      properties: z.record(
        z.string(),
        z.object({
          type: z.string(),
          scope: z.string(),
          markdownDescription: z.string(),
          order: z.number(),
          enum: z.array(z.string()).optional(),
          enumDescriptions: z.array(z.string()).optional(),
        }),
      ),
    }),
    walkthroughs: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        description: z.string(),
        steps: z.array(
          z.object({
            id: z.string(),
            title: z.string(),
            description: z.string(),
            media: z.object({ svg: z.string(), altText: z.string() }),
            completionEvents: z.array(z.string()),
          }),
        ),
      }),
    ),
  }),
});

const root = repoRoot();
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const raw: unknown = JSON.parse(read('package.json'));
const manifest = manifestSchema.parse(raw);
const texts = z.record(z.string(), z.string()).parse(JSON.parse(read('package.nls.json')));
const { contributes } = manifest;

const contributed = contributes.commands.map((command) => command.command);
const viewIds = Object.values(contributes.views)
  .flat()
  .map((view) => view.id);
const menuItems = Object.entries(contributes.menus).flatMap(([menu, items]) =>
  items.map((item) => ({ menu, ...item })),
);
const says = (key: string): string => texts[key.replace(/^%|%$/g, '')] ?? '';
const whens = [...menuItems, ...contributes.viewsWelcome, ...Object.values(contributes.views).flat()].flatMap(
  (item) => item.when ?? [],
);
const sources = readdirSync(path.join(root, 'client/src'), { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: read(path.join('client/src', file)) }));

describe('the manifest', () => {
  it('contributes exactly the commands that the extension registers', () => {
    assert.deepEqual([...contributed].sort(), [...commandIds].sort());
    assert.equal(new Set(contributed).size, contributed.length);
  });

  it('refers only to existing commands, in menus, welcomes, the walkthrough and the code', () => {
    const known = new Set<string>([...commandIds, ...viewIds.map((id) => `${id}.focus`)]);
    const builtIn = /^(workbench|vscode|git)\./;
    const links = [
      ...contributes.viewsWelcome.map((item) => says(item.contents)),
      ...contributes.walkthroughs.flatMap((item) => item.steps.map((step) => says(step.description))),
    ].flatMap((text) => [...text.matchAll(/\(command:([\w.]+)/g)].map((match) => match[1] ?? ''));
    const executed = sources
      .flatMap(({ text }) => [...text.matchAll(/'(gastown\.[a-zA-Z]+(?:\.focus)?)'/g)].map((match) => match[1] ?? ''))
      .filter((id) => !viewIds.includes(id) && !isKey(id));
    for (const id of [...menuItems.map((item) => item.command), ...links, ...executed]) {
      assert.ok(known.has(id) || builtIn.test(id), `there is no command ${id}`);
    }
    for (const event of contributes.walkthroughs.flatMap((item) =>
      item.steps.flatMap((step) => step.completionEvents),
    )) {
      if (event.startsWith('onCommand:')) assert.ok(known.has(event.slice('onCommand:'.length)), event);
      else assert.match(event, /^onContext:gastown\./);
    }
  });

  it('has a category for every command, and an icon where it is shown as one', () => {
    const icons = new Map(contributes.commands.map((command) => [command.command, command.icon]));
    for (const command of contributes.commands) assert.equal(command.category, 'Gas Town', command.command);
    for (const item of menuItems) {
      if (item.menu !== 'commandPalette' && /^(inline|navigation)/.test(item.group ?? ''))
        assert.match(icons.get(item.command) ?? '', /^\$\([\w-]+\)$/, `${item.command} in ${item.menu}`);
    }
  });

  it('shows at most three icons on a row or view in one state', () => {
    for (const menu of ['view/title', 'view/item/context']) {
      for (const view of viewIds) {
        const inline = menuItems.filter(
          (item) => item.menu === menu && /^(inline|navigation)/.test(item.group ?? '') && item.when?.includes(view),
        );
        const states = [
          'convoy.staged',
          'convoy.open.unlaunched',
          'convoy.open.failed',
          'convoy.open.unlaunched.paused',
          'convoy.open.paused.failed',
          'bead.working.tracked.live',
          'bead.working.live',
          'bead.ready',
          'bead.ready.epic',
          'agent.agent.working.polecat.live.hooked',
          'agent.agent.off.polecat.hooked',
          'attention.review',
          'bead.reviewing',
          'rig.unaccepted.behind',
          'town.up',
          'town.down',
          'attention.consent',
          'attention.escalation',
          'attention.escalation.acked',
          'attention.mail',
          'agent.agent.working.mayor.live',
          'agent.agent.off.mayor',
          'agent.agent.off.crew',
          'agent.agent.working.crew.live',
        ];
        for (const state of states) {
          const shown = inline.filter((item) => {
            const pattern = /viewItem =~ \/(.*)\/$/.exec(item.when ?? '')?.[1];
            const engine = /gastown\.engine == (\w+)/.exec(item.when ?? '')?.[1];
            const grouping = /gastown\.beadGrouping == (\w+)/.exec(item.when ?? '')?.[1];
            return (
              (pattern === undefined || new RegExp(pattern).test(state)) &&
              (engine === undefined || engine === 'up') &&
              (grouping === undefined || grouping === 'state') &&
              !/(?<!!)gastown\.beadFilter/.test(item.when ?? '')
            );
          });
          assert.ok(shown.length <= 3, `${view} ${state}: ${shown.map((item) => item.command).join(', ')}`);
        }
      }
    }
  });

  it('uses only existing context keys, states and views', () => {
    const keys = new Set(
      sources.flatMap(({ text }) => [...text.matchAll(/setKey\('(gastown\.\w+)'/g)].map((match) => match[1])),
    );
    for (const when of whens) {
      for (const [, key] of when.matchAll(/(?<!view == )(?<![\w.^(|/])(gastown\.\w+)/g))
        assert.ok(keys.has(key) || viewIds.includes(key ?? ''), `${key} in "${when}"`);
      for (const [, view] of when.matchAll(/view == ([\w.]+)/g)) assert.ok(viewIds.includes(view ?? ''), when);
      for (const [, state] of when.matchAll(/gastown\.state == (\w+)/g))
        assert.ok(
          viewStates.some((known) => known === state),
          when,
        );
      for (const [, states] of when.matchAll(/gastown\.state =~ \/\^\(([\w|]+)\)/g))
        for (const state of (states ?? '').split('|'))
          assert.ok(
            viewStates.some((known) => known === state),
            when,
          );
    }
    for (const welcome of contributes.viewsWelcome) assert.ok(viewIds.includes(welcome.view), welcome.view);
  });

  it('has a welcome for every state without rows', () => {
    for (const state of viewStates.filter((known) => known !== 'starting')) {
      const said = contributes.viewsWelcome.some(
        (item) => item.view === 'gastown.convoys' && new RegExp(`\\b${state}\\b`).test(item.when),
      );
      assert.ok(said, state);
    }
  });

  it('has every text, and no unused text', () => {
    const used = new Set([...JSON.stringify(raw).matchAll(/"%([\w.]+)%"/g)].map((match) => match[1] ?? ''));
    assert.deepEqual(
      [...used].filter((key) => !texts[key]),
      [],
    );
    assert.deepEqual(
      Object.keys(texts).filter((key) => !used.has(key)),
      [],
    );
  });

  it('refers only to existing files', () => {
    const files = [
      manifest.icon,
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      ...Object.values(contributes.viewsContainers)
        .flat()
        .map((item) => item.icon),
      ...Object.values(contributes.views)
        .flat()
        .map((item) => item.icon),
      ...contributes.walkthroughs.flatMap((item) => item.steps.map((step) => step.media.svg)),
      ...contributes.languages.flatMap((language) => [language.configuration, language.icon.light, language.icon.dark]),
      ...contributes.grammars.map((grammar) => grammar.path),
    ];
    for (const file of files) assert.ok(existsSync(path.join(root, file)), `${file} is missing`);
  });

  it('contributes the language of formulas with a grammar', () => {
    assert.deepEqual(
      contributes.languages.map((language) => [language.id, language.extensions]),
      [[FORMULA_LANGUAGE, ['.formula.toml']]],
    );
    assert.deepEqual(
      contributes.grammars.map((grammar) => grammar.language),
      [FORMULA_LANGUAGE],
    );
  });

  it('has a gallery icon of 128 pixels', () => {
    const png = readFileSync(path.join(root, manifest.icon));
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [128, 128]);
  });

  it('declares exactly the settings that the code reads', () => {
    const readKeys = sources.flatMap(({ text }) =>
      [...text.matchAll(/getConfiguration\('gastown'\)\.get<[^>]+>\('(\w+)'/g)].map((match) => `gastown.${match[1]}`),
    );
    assert.deepEqual(Object.keys(contributes.configuration.properties).sort(), [...new Set(readKeys)].sort());
    for (const [name, setting] of Object.entries(contributes.configuration.properties)) {
      assert.ok(says(setting.markdownDescription), name);
      assert.equal(setting.enum?.length, setting.enumDescriptions?.length, name);
      for (const text of setting.enumDescriptions ?? []) assert.ok(says(text), `${name} ${text}`);
      // A path is of one machine, and an untrusted folder must not choose it; the rest is about how the window looks.
      const isPath = ['gastown.town', 'gastown.defaultTown'].includes(name);
      assert.equal(setting.scope, isPath ? 'machine-overridable' : 'window', name);
      // Nor may it silence the person's own town.
      assert.equal(
        manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name),
        isPath || name === 'gastown.notifications',
        name,
      );
    }
    const orders = Object.values(contributes.configuration.properties).map((setting) => setting.order);
    assert.deepEqual(
      orders,
      [...new Set(orders)].sort((a, b) => a - b),
    );
  });

  it('uses the types of its oldest VS Code', () => {
    assert.equal(manifest.devDependencies['@types/vscode'], manifest.engines.vscode.replace(/^\^/, ''));
  });

  it('runs where the files are, and has limited support for Restricted Mode', () => {
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
    assert.ok(!manifest.activationEvents.includes('*'));
  });

  it('has a walkthrough of five steps with completion events', () => {
    const [walkthrough] = contributes.walkthroughs;
    assert.equal(walkthrough?.steps.length, 5);
    for (const step of walkthrough?.steps ?? []) assert.ok(step.completionEvents.length > 0, step.id);
  });
});

/** Keys of settings, contexts and storage look like commands. */
function isKey(id: string): boolean {
  const keys = [
    'gastown.openTerminals',
    'gastown.chosenTown',
    'gastown.status',
    'gastown.state',
    'gastown.engine',
    'gastown.rigs',
    'gastown.knownTowns',
    'gastown.beadGrouping',
    'gastown.beadFilter',
    'gastown.editorOffered',
    'gastown.reviewDrafts',
    'gastown.askedReviews',
    'gastown.formula',
    'gastown.formulas',
    'gastown.commandFolders',
    'gastown.commandsInTerminals',
  ];
  return keys.includes(id);
}
