import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What the numbers were measured on, in the words of the other benches. */
export function readMachine() {
  return {
    cpu: cpus()[0]?.model ?? '',
    cores: availableParallelism(),
    memory_mib: Math.floor(totalmem() / 1024 / 1024),
    kernel: release(),
    os: /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '',
    load_average: load(),
  };
}

/** Programs that wanted to run, on average over the last minute. */
export function load() {
  return Math.round(loadavg()[0] * 100) / 100;
}

/** A program and its version, as it tells them: numbers of different browsers don't compare. */
export function versionOf(program) {
  return `${program} (${execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()})`;
}

/** The same in a line. */
export function factsOf(machine) {
  const { cpu, cores, memory_mib: memory, kernel, os, load_average: before, load_average_after: after } = machine;
  const where = `${cpu}, ${cores} cores, ${memory} MiB, Linux ${kernel}, ${os}`;
  return `${where}, load ${before} before and ${after} after, niceness ${machine.niceness}, ${machine.browser}`;
}
