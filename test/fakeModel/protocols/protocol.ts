import type { Conversation, Reply } from '../script';

/** One way of talking to a model over HTTP. Requests are read leniently: this is the model's side, not the client's. */
export interface Protocol {
  /** Whether a request is meant for it. */
  matches(path: string): boolean;
  parse(body: Json): Conversation;
  /** The whole answer at once. */
  whole(reply: Reply, body: Json): Json;
  /** The same in pieces, as server-sent events. */
  events(reply: Reply, body: Json): SseEvent[];
  streams(body: Json, url: URL): boolean;
}

export type Json = Record<string, unknown>;

export interface SseEvent {
  event?: string;
  data: Json | string;
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Text of a content that is a string, or a list of parts with a `text`. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objects(content)
    .map((part) => text(part.text))
    .filter(Boolean)
    .join('\n');
}

/** Made-up figures: agents show them, and some divide by them. */
export const tokens = { input: 100, output: 10 };
