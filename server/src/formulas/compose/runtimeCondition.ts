import { limits } from '../limits';

/**
 * The forms of conditions that are evaluated while a molecule runs: `loop.until` and `compose.gate`, as in bd. No form
 * can match a text in two ways, so no pattern backtracks.
 */
const forms = [
  /^[\w-]+(?:\.[\w-]+)*[ \t]*(?:==|!=|>=|<=|>|<)[ \t]*[^ \t]/, // step.status == 'complete', env.CI == 1
  /^(?:children|descendants|steps)\([\w-]+\)\.(?:all|any|count)\([^)\n]+\)/, // children(x).all(status == 'complete')
  /^file\.exists\((?:'[^'\n]+'|"[^"\n]+")\)$/, // file.exists('dist/app.js')
];

/** Whether a condition that is evaluated while a molecule runs has a valid form. */
export function isRuntimeCondition(text: string): boolean {
  const condition = text.trim();
  return (
    condition.length <= limits.conditionChars && !condition.includes('\n') && forms.some((form) => form.test(condition))
  );
}
