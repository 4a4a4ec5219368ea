import { SerializeAddon } from '@xterm/addon-serialize';
import { Terminal } from '@xterm/headless';
import type { SessionScreen } from '../../server/src/protocol/town';
import { launchChromium } from './chromium';

/** A picture of a terminal from its serialized screen. `home` is a folder for the browser's own files. */
export async function drawScreen({ screen, cols, rows }: SessionScreen, file: string, home: string): Promise<void> {
  const terminal = new Terminal({ cols, rows, allowProposedApi: true });
  const serializer = new SerializeAddon();
  terminal.loadAddon(serializer);
  await new Promise<void>((done) => terminal.write(screen, done));
  const html = serializer.serializeAsHTML({ scrollback: 0, includeGlobalBackground: true });
  terminal.dispose();
  const browser = await launchChromium(home, () => undefined);
  try {
    const page = await browser.newPage({ viewport: { width: cols * 9 + 32, height: rows * 19 } });
    await page.setContent(
      `<style>body{margin:0;background:#000}pre{margin:8px;font:14px/17px "DejaVu Sans Mono",monospace}</style>${html}`,
    );
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}
