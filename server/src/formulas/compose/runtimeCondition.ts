import { limits } from '../limits';

/**
 * The forms that bd knows for conditions that are looked at while a molecule runs: `loop.until` and `compose.gate`.
 * Each begins in a way that no other does, and ends in "anything on the line": there is nothing to try twice.
 */
const forms = [
  /^[\w-]+(?:\.[\w-]+)*[ \t]*(?:==|!=|>=|<=|>|<)[ \t]*[^ \t]/, // step.status == 'complete', env.CI == 1
  /^(?:children|descendants|steps)\([\w-]+\)\.(?:all|any|count)\([^)\n]+\)/, // children(x).all(status == 'complete')
  /^file\.exists\((?:'[^'\n]+'|"[^"\n]+")\)$/, // file.exists('dist/app.js')
];

/** Whether a condition that is looked at while a molecule runs can be understood. */
export function isRuntimeCondition(text: string): boolean {
  const condition = text.trim();
  return (
    condition.length <= limits.conditionChars && !condition.includes('\n') && forms.some((form) => form.test(condition))
  );
}
