import { claude, groqCompound } from './claude';
import { codex } from './codex';
import { copilot } from './copilot';
import { gemini } from './gemini';
import { others } from './others';
import type { RuntimePreset } from './preset';

const { script, opencode, cursor, auggie, amp, pi, omp, vibe } = others;

/** Presets in the order in which they are shown. */
export const presets: Readonly<Record<string, RuntimePreset>> = {
  script,
  claude,
  codex,
  gemini,
  copilot,
  opencode,
  cursor,
  auggie,
  amp,
  pi,
  omp,
  vibe,
  'groq-compound': groqCompound,
};
