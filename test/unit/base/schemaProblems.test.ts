import assert from 'node:assert/strict';
import { z } from 'zod';
import { schemaProblems } from '../../../server/src/base/schemaProblems';

describe('the problems that a schema finds', () => {
  const problemsIn = (schema: z.ZodType, value: unknown): string => {
    const parsed = schema.safeParse(value);
    assert.ok(!parsed.success);
    return schemaProblems(parsed.error);
  };

  it('are one line with the place of each', () => {
    const schema = z.object({ review: z.enum(['off', 'person']), queue: z.object({ size: z.number().min(1) }) });
    const text = problemsIn(schema, { review: 'human', queue: { size: 0 } });
    assert.match(text, /^review: Invalid option: .*"off"\|"person"; queue\.size: Too small/);
    assert.doesNotMatch(text, /[\n✖→]/);
    assert.match(problemsIn(schema, 'text'), /^Invalid input/);
  });

  it('are counted beyond the first five', () => {
    const text = problemsIn(
      z.array(z.number()),
      Array.from({ length: 8 }, () => 'x'),
    );
    assert.match(text, /^0: .*; 4: [^;]*; and 3 more$/);
  });
});
