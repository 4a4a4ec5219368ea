import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { spawn as spawnPty } from '@lydell/node-pty';
import { CliTown, Person } from '../helpers/cliTown';
import { tempDir, waitUntil } from '../helpers/temp';

const programs = path.resolve('dist');

function installed(shell: string): boolean {
  return spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** A person whose PATH has `gt` and `bd`, as `npm link` would make them. */
class Typist {
  readonly person = new Person();
  readonly env: NodeJS.ProcessEnv;

  constructor(person?: Person) {
    if (person) this.person = person;
    const bin = path.join(this.person.home, 'bin');
    fs.mkdirSync(bin, { recursive: true });
    for (const name of ['gt', 'bd']) {
      fs.writeFileSync(
        path.join(bin, name),
        `#!/bin/sh\nexec '${process.execPath}' '${path.join(programs, `${name}.js`)}' "$@"\n`,
        { mode: 0o755 },
      );
    }
    this.env = { ...this.person.env, PATH: `${bin}:${process.env.PATH}`, BD_ACTOR: 'ann' };
  }

  shell(program: string, args: string[], cwd: string): string {
    const { stdout, stderr, status } = spawnSync(program, args, {
      cwd,
      env: this.env,
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** What bash has for the last of these words, by the completion function that it would call. */
  bash(cwd: string, ...words: string[]): string[] {
    const program = words[0]!;
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const script =
      `source <(${program} completion bash); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; ` +
      `$(complete -p ${program} | sed 's/.*-F \\([^ ]*\\).*/\\1/') ${program} '${words.at(-1)}' '${words.at(-2)}'; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(this.shell('bash', ['--norc', '--noprofile', '-c', script], cwd));
  }

  /** In a real bash on a terminal: the words of the line after these keys. */
  async bashKeys(cwd: string, keys: string): Promise<string> {
    const bash = spawnPty('bash', ['--norc', '--noprofile', '-i'], { cwd, env: { ...this.env, PS1: '' }, cols: 200 });
    let shown = '';
    bash.onData((data) => {
      shown += data;
    });
    const ended = new Promise<void>((resolve) => bash.onExit(() => resolve()));
    try {
      const program = keys.split(' ')[0]!;
      bash.write(`source <(${program} completion bash); echo RE''ADY\r`);
      await waitUntil('bash is ready', () => shown.includes('READY'));
      // At the end the line itself is printed, word for word.
      bash.write(`${keys}\u0001printf '<%s>' \u0005; echo EN''D\r`);
      await waitUntil('bash has printed the line', () => shown.includes('END'));
      return /(?:<[^<>\r\n]*>)+(?=END)/.exec(shown)?.[0] ?? shown;
    } finally {
      bash.kill();
      await ended;
    }
  }

  fish(cwd: string, text: string): string[] {
    const program = text.split(' ')[0]!;
    return lines(
      this.shell('fish', ['--no-config', '-c', `${program} completion fish | source; complete -C '${text}'`], cwd),
    ).map((line) => line.split('\t')[0]!);
  }

  /** In a real zsh on a terminal of its own, what Tab makes of the line. */
  zsh(cwd: string, text: string): string {
    const program = text.split(' ')[0]!;
    const script = [
      'zmodload zsh/zpty',
      'zpty shell zsh -f -i',
      'zpty -w shell \'PS1=; autoload -U compinit; compinit -u -D; zstyle ":completion:*" list-colors ""; LISTMAX=10000; bindkey "^I" complete-word\'',
      `zpty -w shell 'source <(${program} completion zsh); print READY'`,
      "zpty -r shell out '*READY*READY*'",
      `zpty -n -w shell $'${text}\\t'`,
      'sleep 1.5',
      "zpty -n -w shell $'\\C-a\\C-k'",
      "zpty -w shell 'print -r END''MARK'",
      "zpty -r shell out '*ENDMARK*'",
      'print -r -- $out',
    ].join('\n');
    return this.shell('zsh', ['-f', '-c', script], cwd);
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

describe('completion in shells', function () {
  this.timeout(120_000);
  let town: CliTown;
  let typist: Typist;
  let bead: string;
  let rig: string;

  before(async () => {
    typist = new Typist();
    town = await CliTown.make({ person: typist.person });
    bead = await town.bead('Say hello', 'true');
    rig = path.join(town.root, 'toy');
  });

  after(async () => town.dispose());

  it('bash: commands, options, values and what there is in the town', () => {
    assert.deepEqual(typist.bash(rig, 'gt', 'conv'), ['convoy']);
    assert.deepEqual(typist.bash(rig, 'gt', 'convoy', 'st'), ['status', 'stage', 'stranded']);
    assert.deepEqual(typist.bash(rig, 'bd', 'list', '--sta'), ['--status']);
    assert.deepEqual(typist.bash(rig, 'bd', 'list', '--status', 'in_'), ['in_progress', 'in_review']);
    assert.deepEqual(typist.bash(rig, 'bd', 'create', '--type', '=', 'bu'), ['bug'], 'bash takes words apart at "="');
    assert.deepEqual(typist.bash(rig, 'bd', 'show', 'toy-'), [bead]);
    assert.deepEqual(typist.bash(rig, 'gt', 'sling', bead, 't').sort(), ['toy', bead]);
    assert.deepEqual(typist.bash(rig, 'gt', 'rig', 'remove', ''), ['toy']);
    assert.deepEqual(typist.bash(rig, 'gt', 'sling', '--agent', 'scr'), ['script']);
    assert.deepEqual(typist.bash(rig, 'bd', 'cook', 'shi'), ['shiny']);
    assert.deepEqual(typist.bash(rig, 'gt', 'completion', ''), ['bash', 'zsh', 'fish']);
    assert.deepEqual(typist.bash(rig, 'gt', 'rig', 'set', 'toy', 'max_w'), ['max_workers=']);
    assert.deepEqual(typist.bash(rig, 'gt', 'rig', 'set', 'toy', 'review', '=', 'script', 'max_w'), ['max_workers=']);
    assert.deepEqual(typist.bash(rig, 'gt', 'help', 'convoy', 'str'), ['stranded']);
    assert.deepEqual(typist.bash(rig, 'gt', 'convoy', '--he'), ['--help']);
  });

  it('bash, by keys: what ends in = waits for its value, and a word that is whole is left', async () => {
    assert.equal(await typist.bashKeys(rig, 'gt rig set toy max_w\t3'), '<gt><rig><set><toy><max_workers=3>');
    assert.equal(await typist.bashKeys(rig, 'gt convoy str\tx'), '<gt><convoy><stranded><x>');
  });

  it('fish: the same', function () {
    if (!installed('fish')) {
      process.stdout.write('    skipped: fish is not installed\n');
      this.skip();
    }
    assert.deepEqual(typist.fish(rig, 'gt convoy st').sort(), ['stage', 'status', 'stranded']);
    assert.deepEqual(typist.fish(rig, 'bd list --status in_'), ['in_progress', 'in_review']);
    assert.deepEqual(typist.fish(rig, 'bd show toy-'), [bead]);
    assert.deepEqual(typist.fish(rig, 'bd create --type=bu'), ['--type=bug']);
  });

  it('zsh: the same', function () {
    if (!installed('zsh')) {
      process.stdout.write('    skipped: zsh is not installed\n');
      this.skip();
    }
    assert.match(typist.zsh(rig, 'gt convoy str'), /gt convoy stranded/);
    assert.match(typist.zsh(rig, 'bd show to'), new RegExp(`bd show ${bead}`));
  });

  it('starts no server, writes nothing and says nothing where there is no town and no server', async () => {
    const folder = tempDir('nowhere');
    const none = await typist.person.run('bd', ['__complete', 'bash', 'show', ''], { cwd: folder });
    assert.deepEqual(none, { stdout: '', stderr: '', code: 0 });
    assert.deepEqual(fs.readdirSync(folder), []);
    await town.gt('shutdown');
    const asleep = await typist.person.run('gt', ['__complete', 'bash', 'convoy', 'status', ''], { cwd: rig });
    assert.deepEqual(asleep, { stdout: '', stderr: '', code: 0 });
    assert.equal(town.processOf('server'), undefined, 'it has started a server');
    for (const words of [[], [''], ['nonsense', ''], ['--nonsense', ''], ['list', '--status='], ['--', '-']]) {
      assert.equal((await typist.person.run('bd', ['__complete', 'zsh', ...words], { cwd: folder })).stderr, '');
    }
  });

  it('reads the ids of a ledger outside of a town from its file', async () => {
    const folder = tempDir('project');
    await typist.person.ok('bd', ['init', '--prefix', 'app'], { cwd: folder });
    const id = (await typist.person.ok('bd', ['create', 'Some: thing', '--silent'], { cwd: folder })).trim();
    const before = fs.readdirSync(path.join(folder, '.beads')).sort();
    assert.equal(
      await typist.person.ok('bd', ['__complete', 'fish', 'show', ''], { cwd: folder }),
      `${id}\tSome: thing\n`,
    );
    assert.deepEqual(fs.readdirSync(path.join(folder, '.beads')).sort(), before);
  });
});
