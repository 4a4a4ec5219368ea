import fs from 'node:fs';
import path from 'node:path';
import type { AgentProgram } from '../harness/agentPrograms';

/** What a person who uses the program has already: their first start is behind them, they are logged in. Gives their variables. */
type Login = (home: string, url: string) => Record<string, string>;

export const logins: Readonly<Record<AgentProgram, Login>> = {
  claude: (home, url) => {
    write(home, '.claude.json', { hasCompletedOnboarding: true, theme: 'dark' });
    return {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: 'test',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
    };
  },
  codex: (home, url) => {
    write(
      home,
      '.codex/config.toml',
      [
        'model = "fake-model"',
        'model_provider = "fake"',
        '[analytics]',
        'enabled = false',
        '[features]',
        'plugins = false',
        '[model_providers.fake]',
        'name = "Fake"',
        `base_url = "${url}/v1"`,
        'wire_api = "responses"',
        'env_key = "FAKE_KEY"',
        '',
      ].join('\n'),
    );
    return { FAKE_KEY: 'test' };
  },
  gemini: (home, url) => {
    write(home, '.gemini/settings.json', {
      security: { auth: { selectedType: 'gemini-api-key' } },
      model: { name: 'gemini-2.5-pro' },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
    });
    return { GEMINI_API_KEY: 'test', GOOGLE_GEMINI_BASE_URL: url };
  },
  copilot: (_home, url) => ({
    COPILOT_OFFLINE: 'true',
    COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    COPILOT_PROVIDER_API_KEY: 'test',
    COPILOT_MODEL: 'fake-model',
  }),
  opencode: (home, url) => {
    write(home, '.config/opencode/opencode.json', {
      autoupdate: false,
      share: 'disabled',
      model: 'fake/fake-model',
      small_model: 'fake/fake-model',
      provider: {
        fake: {
          npm: '@ai-sdk/openai-compatible',
          name: 'Fake',
          options: { baseURL: `${url}/v1`, apiKey: 'test' },
          models: { 'fake-model': { name: 'Fake', tool_call: true, limit: { context: 128_000, output: 8_000 } } },
        },
      },
    });
    return {
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    };
  },
};

function write(home: string, file: string, content: string | object): void {
  fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
  fs.writeFileSync(path.join(home, file), typeof content === 'string' ? content : JSON.stringify(content));
}
