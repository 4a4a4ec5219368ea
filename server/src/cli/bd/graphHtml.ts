import type { Bead } from '../../protocol/bead';
import { oneLine } from '../shared/output';

/** Size of a node in pixels. */
const BOX = { width: 220, height: 52 };
const GAP = { x: 80, y: 20 };
const MARGIN = 24;
const MAX_TITLE = 30;

const colours: Readonly<Record<string, string>> = {
  in_progress: '#b58900',
  blocked: '#dc322f',
  closed: '#859900',
  deferred: '#6c71c4',
};

/**
 * A page with a picture of the graph: one column per layer, an arrow from each dependency to its dependent. Without
 * scripts and external resources.
 */
export function graphHtml(
  title: string,
  { beads, layers, needs }: { beads: readonly Bead[]; layers: readonly string[][]; needs: (id: string) => string[] },
): string {
  const places = new Map<string, { x: number; y: number }>();
  for (const [column, ids] of layers.entries())
    for (const [row, id] of ids.entries())
      places.set(id, { x: MARGIN + column * (BOX.width + GAP.x), y: MARGIN + row * (BOX.height + GAP.y) });
  const rows = Math.max(1, ...layers.map((ids) => ids.length));
  const width = 2 * MARGIN + layers.length * (BOX.width + GAP.x);
  const height = 2 * MARGIN + rows * (BOX.height + GAP.y);
  const arrows = beads.flatMap((bead) => needs(bead.id).map((need) => arrow(places.get(need), places.get(bead.id))));
  const boxes = beads.map((bead) => box(bead, places.get(bead.id)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>
body { font-family: system-ui, sans-serif; margin: 1rem; color: #222; background: #fff; }
svg text { font-size: 12px; fill: #222; }
svg .id { font-weight: 600; }
svg rect { fill: #f7f7f7; stroke-width: 2; }
svg path { fill: none; stroke: #777; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1e1e1e; }
  svg text { fill: #ddd; }
  svg rect { fill: #2a2a2a; }
}
</style>
</head>
<body>
<h1>${escape(title)}</h1>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 Z" style="fill:#777"/></marker></defs>
${[...arrows, ...boxes].join('\n')}
</svg>
</body>
</html>`;
}

function arrow(from: { x: number; y: number } | undefined, to: { x: number; y: number } | undefined): string {
  if (!from || !to) return '';
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  const bend = (x1 + x2) / 2;
  return `<path d="M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}" marker-end="url(#head)"/>`;
}

function box(bead: Bead, place: { x: number; y: number } | undefined): string {
  if (!place) return '';
  const title = oneLine(bead.title);
  const shown = title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1)}…` : title;
  const colour = colours[bead.status] ?? '#268bd2';
  return `<g transform="translate(${place.x} ${place.y})"><title>${escape(`${bead.id}: ${title} (${bead.status}, P${bead.priority})`)}</title><rect width="${BOX.width}" height="${BOX.height}" rx="6" stroke="${colour}"/><text class="id" x="10" y="20">${escape(bead.id)}</text><text x="10" y="40">${escape(shown)}</text></g>`;
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
}
