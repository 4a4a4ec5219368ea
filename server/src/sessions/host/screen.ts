import { SerializeAddon } from '@xterm/addon-serialize';
import { Terminal } from '@xterm/headless';
import { answerQueries } from './queries';

/** Lines kept above the visible screen. */
export const SCROLLBACK_LINES = 2000;

export interface ScreenOptions {
  cols: number;
  rows: number;
  nobodyWatches(): boolean;
  reply(data: string): void;
}

/** The screen of a session's terminal, independent of views. */
export class HeadlessScreen {
  private readonly terminal: Terminal;
  private readonly serializer = new SerializeAddon();
  private unparsed = 0;

  constructor(options: ScreenOptions) {
    this.terminal = new Terminal({
      cols: options.cols,
      rows: options.rows,
      scrollback: SCROLLBACK_LINES,
      allowProposedApi: true,
    });
    this.terminal.loadAddon(this.serializer);
    answerQueries(
      this.terminal,
      () => options.nobodyWatches(),
      (data) => options.reply(data),
    );
  }

  /** Characters written but not parsed yet. */
  get backlog(): number {
    return this.unparsed;
  }

  write(data: string, parsed: () => void): void {
    this.unparsed += data.length;
    this.terminal.write(data, () => {
      this.unparsed -= data.length;
      parsed();
    });
  }

  /** Calls back when exactly the output written so far is on the screen. */
  settled(then: () => void): void {
    this.terminal.write('', then);
  }

  resize(cols: number, rows: number): void {
    this.terminal.resize(cols, rows);
  }

  /** Bytes that restore the screen and its scrollback on another terminal of the same size. */
  serialize(): string {
    return this.serializer.serialize({ scrollback: SCROLLBACK_LINES });
  }

  text(): string {
    const buffer = this.terminal.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < this.terminal.rows; row++) {
      lines.push(buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? '');
    }
    return lines.join('\n').trimEnd();
  }

  dispose(): void {
    this.terminal.dispose();
  }
}
