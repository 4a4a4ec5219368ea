// Requests from a test inside VS Code to the process that drives the browser.
import { z } from 'zod';

/** Names one element of the page: by its accessible role and name, or by CSS. */
export const targetSchema = z
  .object({
    role: z.string().optional(),
    name: z.string().optional(),
    /** A regular expression that the name must match; instead of `name`. */
    namePattern: z.string().optional(),
    exact: z.boolean().optional(),
    text: z.string().optional(),
    selector: z.string().optional(),
    /** Which of several, from 0; the first when it is left out. */
    nth: z.number().int().optional(),
  })
  .strict();

const timeoutMs = z.number().optional();

export const requestSchemas = {
  screenshot: z.object({ name: z.string().regex(/^[\w.-]+$/), target: targetSchema.optional() }),
  click: z.object({
    target: targetSchema,
    button: z.enum(['left', 'right', 'middle']).optional(),
    double: z.boolean().optional(),
    timeoutMs,
  }),
  hover: z.object({ target: targetSchema, timeoutMs }),
  /** Keys as Playwright writes them, one chord or several after each other: "F1", "Control+Shift+P". */
  press: z.object({ keys: z.union([z.string(), z.array(z.string())]) }),
  type: z.object({ text: z.string() }),
  text: z.object({ target: targetSchema.optional(), timeoutMs }),
  count: z.object({ target: targetSchema }),
  waitFor: z.object({
    target: targetSchema,
    state: z.enum(['visible', 'hidden', 'attached', 'detached']).optional(),
    timeoutMs,
  }),
  /** The accessibility tree of an element or the page, as YAML. */
  aria: z.object({ target: targetSchema.optional() }),
  /** Reloads the page: this ends the extension host and the tests, which then start again. */
  reload: z.object({}),
} as const;

export type Target = z.infer<typeof targetSchema>;
export type RequestName = keyof typeof requestSchemas;
export type DriverRequest<N extends RequestName> = z.infer<(typeof requestSchemas)[N]>;

export interface DriverReplies {
  screenshot: { file: string };
  click: null;
  hover: null;
  press: null;
  type: null;
  text: { text: string };
  count: { count: number };
  waitFor: null;
  aria: { yaml: string };
  reload: null;
}

export type DriverAnswer<N extends RequestName> = { ok: true; value: DriverReplies[N] } | { ok: false; error: string };

/** The environment variable that holds the driver's address inside the extension host. */
export const DRIVER_ENV = 'GT_TEST_DRIVER';
