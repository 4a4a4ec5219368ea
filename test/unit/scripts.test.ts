import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { commitFiles, makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';

interface Totals {
  passes: number;
  failures: number;
  pending?: number;
  problem?: string;
}
interface Lanes {
  runLimited: (
    command: string,
    args: string[],
    options: { limitMs: number; print: (text: string) => void },
  ) => Promise<{ status: number; output: string; timedOut: boolean }>;
  verdict: (
    lane: string,
    totals: Totals | undefined,
    ended: { status: number; timedOut?: boolean; limitMs?: number },
  ) => Totals;
}

/** The scripts are modules beside the tests, not part of their bundle. */
function load<T>(script: string): Promise<T> {
  const url = pathToFileURL(path.resolve('scripts', script)).href;
  return import(url) as Promise<T>;
}

describe('the test runner', () => {
  it('takes a lane without tests, or without an end, for a failure', async () => {
    const { verdict } = await load<Lanes>('lanes.mjs');
    assert.deepEqual(verdict('unit', { passes: 3, failures: 0, pending: 1 }, { status: 0 }), {
      passes: 3,
      failures: 0,
      pending: 1,
    });
    assert.match(
      verdict('unit', { passes: 0, failures: 0 }, { status: 0 }).problem ?? '',
      /lane unit: it has no tests/,
    );
    assert.equal(verdict('unit', undefined, { status: 0 }).failures, 1);
    assert.equal(verdict('unit', { passes: 9, failures: 0 }, { status: 1 }).failures, 1);
    assert.equal(verdict('unit', { passes: 9, failures: 2 }, { status: 2 }).failures, 2);
    const slow = verdict('e2e', { passes: 9, failures: 0 }, { status: 1, timedOut: true, limitMs: 120_000 });
    assert.match(`${slow.failures} ${slow.problem}`, /1 lane e2e: not finished within 2 minutes/);
  });

  it('ends a lane with everything that it started when its time is up', async () => {
    const { runLimited } = await load<Lanes>('lanes.mjs');
    const mark = path.join(tempDir('lane'), 'grandchild');
    const result = await runLimited('sh', ['-c', `sh -c 'echo $$ > "${mark}"; sleep 100' & sleep 100`], {
      limitMs: 400,
      print: () => undefined,
    });
    assert.deepEqual([result.timedOut, result.status], [true, 1]);
    const pid = Number(fs.readFileSync(mark, 'utf8'));
    await waitUntil('the grandchild is gone', () => {
      try {
        return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
      } catch {
        return true;
      }
    });
    const printed: string[] = [];
    const both = await runLimited('sh', ['-c', 'echo heard; sleep 0.1; echo why >&2; exit 3'], {
      limitMs: 30_000,
      print: (text) => printed.push(text),
    });
    assert.deepEqual(both, { status: 3, output: 'heard\nwhy\n', timedOut: false });
    assert.equal(printed.join(''), both.output);
  });
});

describe('the build stamp', () => {
  it('is the time of the commit, whenever it was cloned, and rises with what is changed since', async () => {
    const { buildStamp } = await load<{ buildStamp: (root: string) => number }>('buildStamp.mjs');
    const root = makeRepository({ 'client/src/a.ts': '1', 'server/src/b.ts': '1', 'README.md': 'x' });
    const old = Date.now() - 3600_000;
    const git = (...args: string[]): string => sh(root, 'git', ...args);
    git('commit', '--quiet', '--amend', '--no-edit', `--date=@${Math.floor(old / 1000)}`);
    const committed = Number(git('log', '-1', '--format=%ct')) * 1000;
    assert.equal(buildStamp(root), committed);
    const clone = path.join(tempDir('clone'), 'clone');
    sh(root, 'git', 'clone', '--quiet', root, clone);
    assert.equal(buildStamp(clone), committed, 'a clone of it is not newer');
    fs.writeFileSync(path.join(root, 'README.md'), 'not a source');
    assert.equal(buildStamp(root), committed);
    const later = new Date(committed + 60_000);
    for (const file of ['server/src/b.ts', 'client/src/new file.ts']) {
      fs.writeFileSync(path.join(root, file), 'changed');
      fs.utimesSync(path.join(root, file), later, later);
      assert.equal(buildStamp(root), later.getTime());
      later.setMinutes(later.getMinutes() + 1);
    }
    commitFiles(root, {}, 'Changed');
    assert.equal(buildStamp(root), Number(git('log', '-1', '--format=%ct')) * 1000);
    fs.rmSync(path.join(root, '.git'), { recursive: true });
    assert.ok(buildStamp(root) >= committed + 60_000, 'without git the newest file counts');
  });
});

describe('the chunks of the command lines as CommonJS', () => {
  let commonJs: (code: string) => string;
  before(async () => {
    ({ commonJs } = await load<{ commonJs: (code: string) => string }>('commonJs.mjs'));
  });

  it('keep their imports and exports', async () => {
    const code = commonJs(
      [
        'import fs from "node:fs";',
        'import * as path from "node:path";',
        'import {\n  a,\n  b as b2\n} from "./other.js";',
        'import "./side.js";',
        'var x = async () => (await import("./late.js")).y;',
        'export {\n  x,\n  a as again\n};',
        'export default fs;',
      ].join('\n'),
    );
    const loaded: string[] = [];
    const modules: Record<string, unknown> = { './other.js': { a: 1, b: 2 }, './late.js': { y: 3 }, './side.js': {} };
    const exports: Record<string, unknown> = {};
    const require = (name: string): unknown => {
      loaded.push(name);
      return modules[name] ?? { builtIn: name };
    };
    vm.runInNewContext(code, { require, exports });
    assert.deepEqual(loaded, ['node:fs', 'node:path', './other.js', './side.js']);
    assert.deepEqual([exports.again, exports.default], [1, { builtIn: 'node:fs' }]);
    assert.equal(await (exports.x as () => Promise<unknown>)(), 3);
  });

  it('are refused where a statement has a form that is not known', () => {
    assert.throws(() => commonJs('export const x = 1;'), /another form: export const x/);
    assert.throws(() => commonJs('import x, * as y from "z";'), /another form/);
  });
});
