/**
 * A pattern of paths as in `.gitignore` and `CODEOWNERS`: `*` and `?` stay within a folder, `**` goes through folders, and a
 * pattern that ends with `/` is all that is in a folder. It is matched against whole paths, with `/` between folders.
 */
export function matchesPath(pattern: string, path: string): boolean {
  return expressionOf(pattern).test(path);
}

const known = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  let expression = known.get(pattern);
  if (!expression) known.set(pattern, (expression = compile(pattern)));
  return expression;
}

function compile(pattern: string): RegExp {
  const whole = pattern.endsWith('/') ? `${pattern}**` : pattern;
  const parts = whole.split(/(\*\*\/|\*\*|\*|\?)/);
  return new RegExp(`^${parts.map((part) => WILDCARDS[part] ?? escape(part)).join('')}$`, 's');
}

const WILDCARDS: Readonly<Record<string, string>> = {
  '**/': '(?:[^/]*/)*',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
};

function escape(text: string): string {
  return text.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
}
