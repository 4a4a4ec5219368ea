import type { HookAnswer } from './presets/preset';

export const hookAnswers: HookAnswer[] = ['text', 'nested', 'flat'];

/** The output of a hook at the start of a session, which adds the text to the conversation. Pure. */
export function hookAnswer(text: string, shape: HookAnswer): string {
  if (shape === 'text') return text;
  if (shape === 'flat') return JSON.stringify({ additionalContext: text });
  return JSON.stringify({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: text } });
}

/** The output of a hook at the end of a turn, so that the model reads the text before it becomes idle. Pure. */
export function turnEndAnswer(text: string): string {
  return JSON.stringify({ decision: 'block', reason: text });
}
