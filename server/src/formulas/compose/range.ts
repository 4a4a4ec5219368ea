import { UserError } from '../../base/errors';

/** A whole number from `+ - * / ^ ( )`, numbers and `{variables}`. */
export function evaluate(text: string, values: Readonly<Record<string, string>>): number {
  const filled = text.replace(/\{\{?(\w+)\}?\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
  const tokens = filled.match(/\d+|[-+*/^()]|\S/g) ?? [];
  let position = 0;
  const fail = (): never => {
    throw new UserError(
      `loop: invalid range ${JSON.stringify(text.trim())}`,
      'Use whole numbers, {variables} and + - * / ^ ( ).',
    );
  };
  const take = (): string | undefined => tokens[position++];
  const value = (): number => {
    const token = take();
    if (token === '-') return -value();
    if (token === '(') {
      const inner = sum();
      return take() === ')' ? inner : fail();
    }
    return token !== undefined && /^\d{1,9}$/.test(token) ? Number(token) : fail();
  };
  const power = (): number => {
    const base = value();
    if (tokens[position] !== '^') return base;
    position++;
    return base ** power();
  };
  const product = (): number => {
    let result = power();
    while (tokens[position] === '*' || tokens[position] === '/')
      result = take() === '*' ? result * power() : Math.trunc(result / power());
    return result;
  };
  const sum = (): number => {
    let result = product();
    while (tokens[position] === '+' || tokens[position] === '-')
      result = take() === '+' ? result + product() : result - product();
    return result;
  };
  const result = sum();
  return position === tokens.length && Number.isSafeInteger(result) ? result : fail();
}
