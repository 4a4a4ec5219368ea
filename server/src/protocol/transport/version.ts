declare const GASTOWN_BUILD: number | undefined;
declare const GASTOWN_VERSION: string | undefined;

/** Rises with every change that an older client or server would misunderstand. */
export const PROTOCOL = 1;

/** Build of this program, comparable as a number (milliseconds); 0 if it does not come from a bundle. */
export const BUILD: number = typeof GASTOWN_BUILD === 'number' ? GASTOWN_BUILD : 0;

/** Version of the product, for display. */
export const VERSION: string = typeof GASTOWN_VERSION === 'string' ? GASTOWN_VERSION : 'unknown';
