/** Starts child processes, which end with this one. */
import { spawn } from 'node:child_process';

const running = new Set();
const OUTPUT_MAX = 64 * 1024;
const TERM_MS = 5_000;

// However this process ends, its children end with it.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Starts a program and keeps the end of its output. */
export function startChild(program, args, { env, stdio = ['ignore', 'pipe', 'pipe'], label = program } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio });
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
    child.once('error', (error) => {
      printed += String(error);
      resolve('not started');
    });
  });
  let printed = '';
  running.add(child);
  void exited.then(() => running.delete(child));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (printed = (printed + text).slice(-OUTPUT_MAX)));
  }

  /** Sends it a signal, SIGTERM by default, and waits until it has exited; kills it if that takes too long. */
  async function stop(signal = 'SIGTERM') {
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), TERM_MS);
    await exited;
    clearTimeout(late);
  }

  return {
    process: child,
    printed: () => printed,
    over: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined,
    stop,
    label,
  };
}
