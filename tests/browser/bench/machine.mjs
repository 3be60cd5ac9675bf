/** Describes the machine that the numbers were measured on. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Returns the facts about this machine, with the keys that the other benches use. */
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

/** Returns the load average of the last minute. */
export function load() {
  return Math.round(loadavg()[0] * 100) / 100;
}

/** Returns a program's path and version: numbers from different browsers can't be compared. */
export function versionOf(program) {
  return `${program} (${execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()})`;
}

/** Formats the facts as one line. */
export function factsOf(machine) {
  const { cpu, cores, memory_mib: memory, kernel, os, load_average: before, load_average_after: after } = machine;
  const where = `${cpu}, ${cores} cores, ${memory} MiB, Linux ${kernel}, ${os}`;
  return `${where}, load ${before} before and ${after} after, niceness ${machine.niceness}, ${machine.browser}`;
}
