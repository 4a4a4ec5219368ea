import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  CancellationTokenSource,
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { CliTown, Person } from '../helpers/cliTown';
import { tempDir, waitUntil } from '../helpers/temp';
import { BeadCreate } from '../../server/src/protocol/bead';
import { FormulaCook, FormulaList } from '../../server/src/protocol/formula';
import { RigList } from '../../server/src/protocol/rig';
import { hostile } from '../unit/formulas/hostile';
import { longSample } from '../unit/language/samples';
import { Editor } from './languageClient';
import { Window } from './window';

const serverJs = path.resolve('dist/server.js');
const text = 'formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\n';

describe('the language server over stdio', function () {
  this.timeout(30_000);
  const started: ChildProcess[] = [];
  const folder = tempDir('formulas');
  const uri = pathToFileURL(path.join(folder, 'f.formula.toml')).href;
  afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

  async function start(
    capabilities: object = {
      textDocument: { diagnostic: {}, completion: { completionItem: { snippetSupport: true } } },
    },
  ): Promise<{ editor: Editor; child: ChildProcess }> {
    const child = spawn(process.execPath, [serverJs, '--stdio'], {
      env: new Person().env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    started.push(child);
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    connection.listen();
    await connection.sendRequest('initialize', { processId: null, rootUri: null, capabilities });
    await connection.sendNotification('initialized', {});
    return { editor: new Editor(connection), child };
  }

  it('answers for what is open, as it is typed', async () => {
    const { editor } = await start();
    await editor.open(uri, text);
    assert.deepEqual(await editor.diagnostics(uri), []);
    await editor.change(
      uri,
      { range: { start: { line: 7, character: 10 }, end: { line: 7, character: 11 } }, text: 'b' },
      { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: '# 😀\r\n' },
    );
    const [problem, ...others] = await editor.diagnostics(uri);
    assert.deepEqual(
      [problem?.code, problem?.message, problem?.source, problem?.range.start.line, others.length],
      ['cycle', 'cycle detected involving: b → b', 'Gas Town', 8, 0],
    );
    assert.deepEqual(await editor.completion(uri, { line: 8, character: 10 }), ['a']);
    assert.match(JSON.stringify(await editor.hover(uri, { line: 3, character: 6 })), /needs nothing/);
    assert.deepEqual(
      (await editor.symbols(uri)).map((symbol) => symbol.name),
      ['f', 'a', 'b'],
    );
    await editor.close(uri);
    assert.deepEqual(await editor.diagnostics(uri), [], "what is closed is nobody's");
  });

  it('looks at the files beside the document, and at what is open there', async () => {
    const { editor } = await start();
    fs.writeFileSync(path.join(folder, 'base.formula.toml'), text.replace('"f"', '"base"'));
    await editor.open(uri, 'formula = "f"\nextends = ["base"]\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b"]\n');
    assert.deepEqual(await editor.diagnostics(uri), []);
    assert.ok((await editor.completion(uri, { line: 1, character: 12 })).includes('base'));
    await editor.open(
      pathToFileURL(path.join(folder, 'base.formula.toml')).href,
      'formula = "base"\n[[steps]]\nid = "z"\ntitle = "Z"\n',
    );
    assert.deepEqual(
      (await editor.diagnostics(uri)).map((one) => one.message),
      ['needs references unknown step "b"'],
    );
  });

  it('tells editors that do not ask, when the typing pauses', async () => {
    const { editor } = await start({});
    const told: { version?: number; diagnostics: { code: string }[] }[] = [];
    editor.connection.onNotification('textDocument/publishDiagnostics', (params: (typeof told)[number]) => {
      told.push(params);
    });
    await editor.open(uri, text);
    for (let index = 0; index < 5; index++) await editor.change(uri, { text: `${text}x${index} = ` });
    await waitUntil('it was told', () => told.some((one) => one.version === 6));
    assert.deepEqual(
      told.map((one) => one.version),
      [6],
      'once, not for each key',
    );
    assert.equal(told[0]?.diagnostics[0]?.code, 'toml-value');
  });

  it('looks again when a formula beside it has changed', async () => {
    const { editor } = await start({
      textDocument: { diagnostic: {} },
      workspace: { diagnostics: { refreshSupport: true }, didChangeWatchedFiles: { dynamicRegistration: true } },
    });
    const asked: string[] = [];
    for (const method of ['client/registerCapability', 'workspace/diagnostic/refresh'])
      editor.connection.onRequest(method, () => {
        asked.push(method);
        return null;
      });
    const base = path.join(folder, 'changing.formula.toml');
    fs.writeFileSync(base, text);
    await editor.open(uri, 'formula = "f"\nextends = ["changing"]\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b"]\n');
    assert.deepEqual(
      (await editor.diagnostics(uri)).map((one) => one.code),
      [],
    );
    fs.writeFileSync(base, text.replace('"b"', '"z"'));
    await editor.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: pathToFileURL(base).href, type: 2 }],
    });
    await waitUntil('it asks to be asked again', () => asked.includes('workspace/diagnostic/refresh'));
    assert.deepEqual(
      (await editor.diagnostics(uri)).map((one) => one.code),
      ['unknown-step'],
    );
  });

  it('gives up what is cancelled', async () => {
    const { editor } = await start();
    await editor.open(uri, longSample(150));
    const sources = Array.from({ length: 20 }, () => new CancellationTokenSource());
    const answers = sources.map((source) =>
      editor.connection.sendRequest('textDocument/diagnostic', { textDocument: { uri } }, source.token).then(
        () => 'answered',
        (error: { code?: number }) => error.code,
      ),
    );
    sources.slice(1).forEach((source) => source.cancel());
    const got = await Promise.all(answers);
    assert.ok(got.filter((one) => one === -32800).length >= 15, JSON.stringify(got));
  });

  it('stands what makes no sense', async () => {
    const { editor } = await start();
    await editor.open(uri, '\u0000[[[\r"""{{#if\n'.repeat(50));
    assert.ok((await editor.diagnostics(uri)).length > 0);
    await editor.change('file:///nowhere.formula.toml', { text: 'x' });
    for (const position of [
      { line: 1e6, character: 1e6 },
      { line: 0, character: -1 },
    ]) {
      assert.ok(Array.isArray(await editor.completion(uri, position)));
      await editor.hover(uri, position);
    }
    await editor.open('untitled:large', `formula = "f"\n${'# more\n'.repeat(600_000)}`);
    assert.deepEqual(
      (await editor.diagnostics('untitled:large')).map((one) => one.code),
      ['not-checked'],
    );
    await editor.open('untitled:deep', `${Array.from({ length: 50_000 }, () => 'a').join('.')} = 1\n`);
    assert.equal((await editor.diagnostics('untitled:deep'))[0]?.message, 'This is nested too deeply.');
    await editor.open('untitled:x', 'formula = ');
    assert.equal((await editor.diagnostics('untitled:x'))[0]?.code, 'toml-value');
    await assert.rejects(
      editor.connection.sendRequest('textDocument/rename', {
        textDocument: { uri: 'untitled:x' },
        position: { line: 0, character: 2 },
        newName: 'y',
      }),
      /can be renamed/,
    );
    await assert.rejects(
      editor.connection.sendRequest('textDocument/nonsense', {}),
      (error: { code?: number }) => error.code === -32601,
    );
  });

  it('ends with the editor, whether that says goodbye or not', async () => {
    const polite = await start();
    await polite.editor.connection.sendRequest('shutdown');
    await polite.editor.connection.sendNotification('exit');
    const rude = await start();
    rude.child.stdin?.end();
    for (const { child } of [polite, rude]) await waitUntil('it has ended', () => child.exitCode !== null);
  });
});

describe('the language server of a town', function () {
  this.timeout(60_000);
  let town: CliTown;
  before(async () => {
    town = await CliTown.make();
  });
  after(async () => town.dispose());

  it('knows of each window only what is open there, and the formulas of the town', async () => {
    const [one, two] = [await Window.open(town), await Window.open(town)];
    const editors = [one, two].map((window) => new Editor(window.connection));
    const folder = path.join(town.root, '.beads', 'formulas');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'ours.formula.toml'), text.replace('"f"', '"ours"'));
    const uri = pathToFileURL(path.join(tempDir('elsewhere'), 'f.formula.toml')).href;
    await editors[0]!.open(uri, text);
    await editors[1]!.open(
      uri,
      'formula = "f"\nextends = ["ours"]\n[[steps]]\nid = "x"\ntitle = "X"\nneeds = ["a", "zz"]\n',
    );
    assert.deepEqual(await editors[0]!.diagnostics(uri), []);
    assert.deepEqual(
      (await editors[1]!.diagnostics(uri)).map((problem) => problem.message),
      ['needs references unknown step "zz"'],
    );
    one.connection.dispose();
    assert.equal((await editors[1]!.symbols(uri)).length, 2);
    two.connection.dispose();
  });

  it('serves others while it reads a formula that was written to stop it', async () => {
    const window = await Window.open(town);
    const folder = path.join(town.root, '.beads', 'formulas');
    fs.mkdirSync(folder, { recursive: true });
    const { files, refused } = hostile.find(({ what }) => what === 'an expansion of every step, over and over')!;
    for (const [name, content] of Object.entries(files))
      fs.writeFileSync(path.join(folder, `${name}.formula.toml`), content);
    const events: string[] = [];
    const ended = (what: string) => (): void => void events.push(what);
    const cook = window.call(FormulaCook.spec, { formula: 'f', vars: {} });
    const list = window.call(FormulaList.spec, {});
    await Promise.all([
      cook.then(ended('cook'), ended('cook')),
      list.then(ended('list of formulas')),
      window.call(RigList.spec, {}).then(ended('rigs')),
      window.call(BeadCreate.spec, { title: 'Meanwhile' }).then(ended('bead')),
    ]);
    assert.deepEqual(events.slice(0, 2).sort(), ['bead', 'rigs'], 'those who ask for other things do not wait');
    assert.deepEqual(events.slice(2), ['cook', 'list of formulas']);
    await assert.rejects(cook, (error: Error) => refused!.test(error.message));
    const broken = (await list).filter(({ errors }) => errors.length > 0).map(({ name }) => name);
    assert.deepEqual(broken, [], 'checking has a smaller budget, and says nothing of what it did not find out');
    window.connection.dispose();
  });
});
