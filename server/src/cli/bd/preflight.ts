import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../base/errors';
import { asPlainObject } from '../../base/objects';
import { readTextIfPresent } from '../../base/safeFiles';
import { cutBytes } from '../../base/text';
import { BeadList } from '../../protocol/bead';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { gitOutput } from '../shared/gitOutput';
import { oneLine } from '../shared/output';
import { actorName } from '../shared/connect';
import type { BdContext, GlobalOptions } from './context';

/** `bd preflight`: what to check before a pull request; with --check it runs the checks of the project. */

/** Time limit of the tests and of the linter, in milliseconds. */
const COMMAND_MS = 30 * 60_000;
const MAX_OUTPUT = 64 * 1024;

interface PreflightOptions {
  check?: boolean;
  fix?: boolean;
  skipLint?: boolean;
}

/** The result of a check; the fields are those of the Go `bd`. */
interface Result {
  name: string;
  passed: boolean;
  /** Without effect on the outcome. */
  warning?: boolean;
  /** There was nothing to run. */
  skipped?: boolean;
  output?: string;
  command: string;
}

export function addPreflight(program: CliCommand, context: BdContext): void {
  program
    .command('preflight')
    .description('show what to check before a pull request')
    .option('--check', 'check it: run the tests and the linter of the project, and look at the beads')
    .option('--fix', 'with --check: let the linter repair what it can')
    .option('--skip-lint', 'with --check: without the linter')
    .withHelp({
      text: 'Tests and linter are found by the files of the project: package.json, go.mod, Cargo.toml, pyproject.toml or a Makefile.',
      examples: [
        ['bd preflight', 'a short list'],
        ['bd preflight --check', 'check it'],
      ],
      exits: { 1: 'with --check: something has failed' },
      see: ['bd doctor', 'bd sync'],
    })
    .action(async (options: PreflightOptions, invocation: Invocation) => {
      if (!options.check && !options.fix)
        return context.print({ ...invocation, options: {} }, undefined, () => checklist.trimEnd());
      const results = await runChecks(options, invocation, context);
      const failed = results.filter((result) => !result.passed && !result.warning && !result.skipped);
      if (failed.length > 0) context.exitCode = 1;
      const ran = results.filter((result) => !result.skipped);
      const summary = `${ran.length - failed.length}/${ran.length} checks passed`;
      const value = { checks: results, passed: failed.length === 0, summary };
      context.print(invocation, value, () => [...results.flatMap(resultLines), '', summary]);
    });
}

const checklist = `PR Readiness Checklist:

[ ] The tests pass
[ ] The linter is silent
[ ] No beads pollution: the diff of .beads/issues.jsonl holds only what you changed
[ ] Finished beads are closed, found ones are created

Run 'bd preflight --check' to validate automatically.
`;

function resultLines(result: Result): string[] {
  const mark = result.skipped ? '-' : result.passed ? '✓' : result.warning ? '⚠' : '✗';
  const shown = result.passed ? [] : (result.output ?? '').split('\n').map((line) => `    ${oneLine(line)}`);
  return [`${mark} ${result.name}${result.skipped ? ' (skipped)' : ''}: ${oneLine(result.command)}`, ...shown];
}

async function runChecks(options: PreflightOptions, invocation: Invocation, context: BdContext): Promise<Result[]> {
  const root = await projectRoot(context.process.cwd);
  const { test, lint, fix } = commandsOf(root);
  const linter = options.fix && fix !== undefined ? fix : lint;
  return [
    await runCommand('Tests pass', test, root),
    options.skipLint ? skipped('Lint passes', lint ?? 'none') : await runCommand('Lint passes', linter, root),
    await pollutionResult(root, invocation, context),
    await openWork(invocation, context),
  ];
}

async function projectRoot(cwd: string): Promise<string> {
  return (await gitOutput(cwd, ['rev-parse', '--show-toplevel']))?.trim() ?? cwd;
}

/** The shell commands of a project; undefined where it has none. */
interface ProjectCommands {
  test?: string;
  lint?: string;
  /** Like `lint`, but repairs what it can. */
  fix?: string;
}

/** Commands by the files in the folder; those of the first kind that is found. */
function commandsOf(root: string): ProjectCommands {
  const has = (name: string): boolean => fs.existsSync(path.join(root, name));
  const text = readTextIfPresent(path.join(root, 'package.json'));
  if (text !== undefined) return scriptsOf(text);
  if (has('go.mod')) return { test: 'go test ./...', lint: 'go vet ./...', fix: 'gofmt -w .' };
  if (has('Cargo.toml')) return { test: 'cargo test', lint: 'cargo clippy', fix: 'cargo fix --allow-dirty' };
  if (has('pyproject.toml')) return { test: 'python3 -m pytest', lint: 'ruff check .', fix: 'ruff check --fix .' };
  const makefile = readTextIfPresent(path.join(root, 'Makefile')) ?? '';
  const target = (name: string): boolean => new RegExp(`^${name}:`, 'm').test(makefile);
  return { ...(target('test') ? { test: 'make test' } : {}), ...(target('lint') ? { lint: 'make lint' } : {}) };
}

function scriptsOf(text: string): ProjectCommands {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {}; // npm reports a broken package.json
  }
  const scripts = asPlainObject(asPlainObject(value).scripts);
  return {
    ...('test' in scripts ? { test: 'npm test' } : {}),
    ...('lint' in scripts ? { lint: 'npm run lint' } : {}),
    ...('lint:fix' in scripts ? { fix: 'npm run lint:fix' } : {}),
  };
}

function skipped(name: string, command: string): Result {
  return { name, command, passed: true, skipped: true };
}

async function runCommand(name: string, command: string | undefined, cwd: string): Promise<Result> {
  if (command === undefined) return skipped(name, 'this project names no command');
  const { code, output } = await shell(command, cwd);
  return { name, command, passed: code === 0, ...(code === 0 ? {} : { output: cutBytes(output.trim(), MAX_OUTPUT) }) };
}

/** Runs a command in a shell, with the end of its output. */
function shell(command: string, cwd: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, { cwd, shell: true, timeout: COMMAND_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 1, output: messageOf(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Beads that differ from the last commit; a warning, because only their author knows whether they belong to it. */
async function pollutionResult(root: string, invocation: Invocation, context: BdContext): Promise<Result> {
  const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
  const file = path.join(directory, 'issues.jsonl');
  const command = 'git diff HEAD -- .beads/issues.jsonl';
  const diff = (await gitOutput(root, ['diff', '--numstat', 'HEAD', '--', file]))?.trim();
  if (diff === undefined || diff === '') return { name: 'No beads pollution', command, passed: true };
  const [added, removed] = diff.split(/\s+/);
  const output = `issues.jsonl has ${added} new and ${removed} removed lines since the last commit: are they all yours?`;
  return { name: 'No beads pollution', command, passed: false, warning: true, output };
}

/** Beads that the caller has begun and not closed. */
async function openWork(invocation: Invocation, context: BdContext): Promise<Result> {
  const { cwd, env } = context.process;
  const actor = await actorName((invocation.options as GlobalOptions).actor, env, cwd);
  const beads = await context.call(invocation, BeadList.spec, { assignee: actor, status: ['in_progress'], limit: 0 });
  const command = `bd list --assignee ${actor} --status in_progress`;
  if (beads.length === 0) return { name: 'Finished beads are closed', command, passed: true };
  const output = beads.map((bead) => `${bead.id}: ${bead.title} is in progress`).join('\n');
  return { name: 'Finished beads are closed', command, passed: false, warning: true, output };
}
