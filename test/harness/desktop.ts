// The desktop lane: a VS Code that is installed here, or that @vscode/test-electron downloads.
import path from 'node:path';
import {
  TestRunFailedError,
  downloadAndUnzipVSCode,
  resolveCliPathFromVSCodeExecutablePath,
  runTests,
} from '@vscode/test-electron';
import { runCommand } from './commands';
import type { ExtensionTestOptions } from './runExtensionTests';
import type { Sandbox } from './sandbox';

export async function runInDesktop(options: ExtensionTestOptions, sandbox: Sandbox): Promise<number> {
  const executable = process.env['VSCODE_EXECUTABLE_PATH'] || (await downloadAndUnzipVSCode('stable'));
  const profile = [
    `--user-data-dir=${path.join(sandbox.root, 'vscode')}`,
    `--extensions-dir=${path.join(sandbox.root, 'extensions')}`,
  ];
  for (const vsix of options.vsix ?? []) {
    const cli = resolveCliPathFromVSCodeExecutablePath(executable);
    await runCommand(cli, [...profile, '--install-extension', path.resolve(vsix), '--force'], { env: sandbox.env });
  }
  const { DISPLAY: display, WAYLAND_DISPLAY: wayland } = process.env;
  if (process.platform === 'linux' && !display && !wayland) {
    throw new Error(
      "Desktop VS Code needs a display: run under xvfb-run, or unset VSCODE_EXECUTABLE_PATH to use VS Code's server.",
    );
  }
  try {
    return await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: options.extensionDevelopmentPath,
      extensionTestsPath: options.extensionTestsPath,
      extensionTestsEnv: sandbox.env,
      launchArgs: [path.resolve(options.workspace ?? sandbox.workspace), ...profile, '--disable-telemetry'],
    });
  } catch (error) {
    if (error instanceof TestRunFailedError) return 1; // mocha's output has said why
    throw error;
  }
}
