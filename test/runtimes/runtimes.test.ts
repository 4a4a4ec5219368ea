import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { presets } from '../../server/src/agents/presets';
import { resolveRuntime } from '../../server/src/agents/runtimes';
import { screenState } from '../../server/src/agents/screenState';
import type { Script } from '../fakeModel/script';
import { agentPrograms, type AgentProgram } from '../harness/agentPrograms';
import { sh } from '../helpers/temp';
import { AgentTown } from './agentTown';

/*
 * The agents' own programs, as people install them, against a model of the tests': from sling to merged. Without the
 * programs these tests fail, and say why. Nothing leaves this machine but the installation.
 */

const PRIME = { sh: 'gt prime' };
const COMMIT = { sh: "git add --all && git commit --quiet -m 'Add work.txt'" };
const DONE = { sh: 'gt done' };
const write = (text: string) => `printf '%s' '${text}' > work.txt`;
/** Waits until the test has seen what it came for; the file lies in the agent's home, beside its worktree. */
const UNTIL_GO = 'while ! test -e ../go; do sleep 0.1; done';
const GATE = "test=grep -q good work.txt || { echo 'the word is missing'; exit 1; }";

/** Review is the same for all of them: two are enough. */
const reviewed: readonly AgentProgram[] = ['claude', 'codex'];

/** What the programs would write into the person's own settings if they asked, and were answered. */
const answers: Partial<Record<AgentProgram, [file: string, pattern: RegExp][]>> = {
  claude: [['.claude.json', /"hasTrustDialogAccepted": ?true|bypassPermissionsModeAccepted/]],
  codex: [['.codex/config.toml', /polecats|trust_level/]],
  gemini: [['.gemini/settings.json', /gt prime|polecats/]],
};

for (const runtime of Object.keys(agentPrograms) as AgentProgram[]) {
  describe(`${runtime}, the real program`, function () {
    this.timeout(300_000);
    let agent: AgentTown;
    let worktree: string;
    afterEach(async () => agent?.dispose());

    async function begin(scripts: Script[], settings: string[] = [], loggedIn = true): Promise<string> {
      agent = await AgentTown.make(runtime, scripts, { gates: [GATE], loggedIn });
      if (settings.length > 0) await agent.town.gt('rig', 'set', 'toy', ...settings);
      const convoy = await agent.sling('Add work.txt', 'Write a "good" work.txt.');
      worktree = path.join(agent.town.root, 'toy', 'polecats', 'furiosa', 'rig');
      return convoy;
    }
    const hasBegun = () => agent.until('the agent has begun', () => fs.existsSync(path.join(worktree, 'work.txt')));

    it('works from sling to merged, and leaves nothing behind', async () => {
      const convoy = await begin([
        { match: /gt prime/, steps: [PRIME, { sh: `${write('a good text')}; ${UNTIL_GO}` }, COMMIT, DONE] },
      ]);
      await hasBegun();
      const screen = await agent.saveScreen('working', (text) => text.includes('work.txt'));
      assert.deepEqual(screenState(resolveRuntime(runtime, {}), screen), { state: 'working' });
      // In the middle of its work: git sees the work alone.
      assert.equal(sh(worktree, 'git', 'status', '--porcelain', '--untracked-files=all', '--ignored'), '?? work.txt');
      fs.writeFileSync(path.join(worktree, '..', 'go'), '');
      await agent.lands(convoy);
      agent.assertLanded({ 'work.txt': 'a good text' });
      // Not by a tool. Gemini begins its first turn while the hook is still running: it comes with the second.
      const byHook = agent.model.requests.some(({ conversation }) =>
        conversation.items.some(
          (item) => item.kind !== 'result' && item.kind !== 'call' && item.text.includes('You are toy/polecats/'),
        ),
      );
      assert.equal(
        byHook,
        presets[runtime]!.hooks !== undefined,
        'whether what the hook at the start said reached the model',
      );
      assert.ok(
        agent.told.some((text) => /You are toy\/polecats\/furiosa[\s\S]*Write a "good" work\.txt/.test(text)),
        'what gt prime said reached the model',
      );
      await agent.nothingIsLeftRunning();
      // Four answers of the model, or more.
      if (presets[runtime]!.conversation?.usage)
        await agent.until('its tokens are recorded', async () => (await agent.tokensOut()) >= 40);
      for (const [file, pattern] of answers[runtime] ?? []) assert.doesNotMatch(agent.personal(file), pattern);
    });

    it('is told why a gate refused its work, and repairs it', async () => {
      const again = /This is attempt 2[\s\S]*the word is missing/;
      const convoy = await begin([
        {
          match: /gt prime/,
          steps: [
            PRIME,
            { sh: write('a bad text'), unless: again },
            { sh: write('a good text'), when: again },
            COMMIT,
            DONE,
          ],
        },
      ]);
      await agent.lands(convoy);
      agent.assertLanded({ 'work.txt': 'a good text' });
      assert.ok(
        agent.told.some((text) => again.test(text)),
        'the refusal reached the model',
      );
      await agent.nothingIsLeftRunning();
    });

    it('goes on after its process was killed in the middle of a turn', async () => {
      const resumes = presets[runtime]!.conversation !== undefined;
      const convoy = await begin([
        { match: /Your session was interrupted/, steps: [PRIME, { sh: write('a good text') }, COMMIT, DONE] },
        {
          match: /gt prime/,
          steps: [PRIME, { sh: `${write('half of a')}; ${UNTIL_GO}` }, { sh: write('a good text') }, COMMIT, DONE],
        },
      ]);
      await hasBegun();
      // Programs write down what was said a moment later; what is not written yet goes with them.
      await new Promise((done) => setTimeout(done, 1_500));
      const [session] = agent.town.sessions();
      const before = agent.processes();
      process.kill(session!.pid, 'SIGKILL');
      // Nothing of it works on beside its successor, not even the command that it was running.
      await agent.until('all of its processes are gone', () =>
        agent.processes().every(({ pid }) => !before.some((old) => old.pid === pid)),
      );
      if (!resumes) fs.writeFileSync(path.join(worktree, '..', 'go'), '');
      await agent.lands(convoy);
      agent.assertLanded({ 'work.txt': 'a good text' });
      await agent.nothingIsLeftRunning();
      // Requests for a title have no tools, and nothing of what was before.
      const resumed = agent.model.requests.find(
        (request) =>
          request.conversation.tools.length > 0 &&
          request.conversation.items.some(
            (item) => item.kind === 'user' && item.text.includes('Your session was interrupted'),
          ),
      );
      assert.equal(resumed !== undefined, resumes, 'whether it was told that it had been interrupted');
      // Its first call of that conversation, which it made before it was killed.
      if (resumed)
        assert.ok(
          resumed.conversation.items.some((item) => item.kind === 'call' && item.id.includes('call_fake_1_0_')),
          'it still knows what it did before',
        );
    });

    if (presets[runtime]!.hooks) {
      it('reads at the end of its turn what has come by mail, and goes on', async () => {
        const convoy = await begin([
          { match: /The colour is blue/, steps: [COMMIT, DONE] },
          {
            match: /gt prime/,
            steps: [PRIME, { sh: `${write('a good text')}; ${UNTIL_GO}` }, { say: 'I wait for the colour.' }],
          },
        ]);
        await hasBegun();
        await agent.town.gt('mail', 'send', 'toy/furiosa', '-s', 'Colour', '-m', 'The colour is blue');
        fs.writeFileSync(path.join(worktree, '..', 'go'), '');
        await agent.lands(convoy);
        agent.assertLanded({ 'work.txt': 'a good text' });
        await agent.nothingIsLeftRunning();
      });
    }

    // opencode works without a login; its own models are not reached here.
    if (runtime !== 'opencode') {
      it('is seen to wait for a person where nobody is logged in', async () => {
        await begin([], [], false);
        const isWaiting = (screen: string) => screenState(resolveRuntime(runtime, {}), screen).state === 'waiting';
        await agent.saveScreen('waiting', isWaiting);
      });
    }

    if (!reviewed.includes(runtime)) return;
    // What the reviewer said is what the author acts upon.
    const asked = /Round 1: rejected by[\s\S]*Call it better/;
    const author: Script = {
      match: /gt done/,
      steps: [
        PRIME,
        { sh: write('a good text'), unless: asked },
        { sh: write('a better good text'), when: asked },
        COMMIT,
        DONE,
      ],
    };

    it('is rejected by a person with a text, repairs its work, and is approved', async () => {
      const convoy = await begin([author], ['review=person']);
      const { bead } = agent;
      await agent.waitsForReview(bead);
      await agent.town.gt('mq', 'reject', bead, '-m', 'Call it better');
      await agent.waitsForReview(bead);
      await agent.town.gt('mq', 'approve', bead);
      await agent.lands(convoy);
      agent.assertLanded({ 'work.txt': 'a better good text' });
      assert.ok(
        agent.told.some((text) => asked.test(text)),
        "the person's words reached the model",
      );
      await agent.nothingIsLeftRunning();
    });

    it('is the Mayor: plans what a person asks, ends, and goes on with its conversation when it is asked again', async () => {
      const planned = (n: number) => ({
        sh: `a=$(bd create --rig toy --title='Part ${n}' --silent) && c=$(gt convoy create 'Plan ${n}' $a --stage --json | sed -n 's/^  "id": "\\(.*\\)",$/\\1/p') && r=$(gt mayor status --json | sed -n 's/^      "id": "\\(.*\\)",$/\\1/p') && gt mayor plan $r $c`,
      });
      agent = await AgentTown.make(runtime, [
        { match: /there are new requests or mails/, steps: [PRIME, planned(2)] },
        { match: /and follow it/, steps: [PRIME, planned(1)] },
      ]);
      const { town } = agent;
      await town.gt('mayor', 'ask', 'A first thing');
      await town.gt('up');
      await agent.until('it is asked', async () =>
        (await town.snapshot()).attention.some((item) => item.consent?.kind === 'runtime'),
      );
      await town.gt('config', 'agent', 'accept', runtime, '--yes');
      const isPlanned = (title: string) => async () =>
        (await town.snapshot()).attention.some((item) => item.kind === 'plan' && item.title.endsWith(title));
      await agent.until('the plan is there', isPlanned('Plan 1'));
      await agent.nothingIsLeftRunning();
      await town.gt('mayor', 'ask', 'A second thing');
      await agent.until('the second plan is there', isPlanned('Plan 2'));
      await agent.nothingIsLeftRunning();
      const resumed = agent.model.requests.find(({ conversation }) =>
        conversation.items.some((item) => item.kind === 'user' && item.text.includes('new requests or mails')),
      );
      assert.ok(
        resumed?.conversation.items.some((item) => item.kind === 'call' && item.id.includes('call_fake_1_0_')),
        'it still knows what it planned before',
      );
    });

    it('reviews the work of another, rejects it with a text, and approves what came of it', async () => {
      const verdict = (words: string) => ({ sh: `bead=$(gt prime | sed -n "s/^## The change: //p"); gt mq ${words}` });
      const reviewer: Script = {
        match: /review the change/,
        steps: [
          PRIME,
          { ...verdict('reject "$bead" -m "Call it better"'), unless: asked },
          { ...verdict('approve "$bead" -m "Good now"'), when: asked },
        ],
      };
      const convoy = await begin([reviewer, author], ['review=agent', `reviewer=${runtime}`]);
      await agent.lands(convoy);
      agent.assertLanded({ 'work.txt': 'a better good text' });
      const shown = await agent.town.bd('show', agent.bead, '--json');
      assert.match(shown, /Call it better[\s\S]*Good now/);
      await agent.nothingIsLeftRunning();
    });
  });
}
