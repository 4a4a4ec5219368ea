import type { z } from 'zod';
import { error, formatPath, type Problem } from '../model';

/** A problem for a value of the wrong type, at the most specific place that is known. */
export function typeProblem(issue: z.core.$ZodIssue): Problem {
  const inner = mostSpecificIssue(issue);
  const path = inner.path.filter((part): part is string | number => typeof part !== 'symbol');
  const outer = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const problem = error('wrong-type', formatPath(outer) || 'formula', wrongTypeText(issue), path);
  return inner === issue ? problem : { ...problem, text: wrongTypeText(inner) };
}

function wrongTypeText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${kindNames[issue.expected] ?? issue.expected}`;
  return issue.code === 'invalid_union' ? unionText(issue.errors.flat()) : issue.message;
}

/** The allowed types, as text. */
function unionText(issues: readonly z.core.$ZodIssue[]): string {
  const wanted = [
    ...new Set(
      issues.flatMap((issue) =>
        issue.code === 'invalid_type' && issue.path.length === 0 ? [kindNames[issue.expected] ?? issue.expected] : [],
      ),
    ),
  ];
  if (wanted.length === 0) return 'has the wrong type';
  return `must be ${[wanted.slice(0, -1).join(', '), wanted.at(-1)].filter(Boolean).join(' or ')}`;
}

/** If several types are allowed, the issue of the best matching one. */
function mostSpecificIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flat()
    .filter((other) => other.path.length > 0)
    .sort((a, b) => b.path.length - a.path.length)[0];
  return inner ? mostSpecificIssue({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'a table',
  record: 'a table',
};
