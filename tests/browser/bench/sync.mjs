// The bench of `make bench-sync`: the shipped page and SDK in real browsers, each behind its own emulated line, against
// the release server. Prints the gates, and writes target/bench/sync.json and a picture beside it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../harness/paths.mjs';
import { bundleBaselines } from './baseline/bundle.mjs';
import { judge } from './gates.mjs';
import { loopback, openLines } from './lines.mjs';
import { factsOf, load, readMachine, versionOf } from './machine.mjs';
import { measure } from './measure.mjs';
import { makeClips } from './origin.mjs';
import { photograph } from './photograph.mjs';
import { draw } from './picture.mjs';
import { raisePriority } from './priority.mjs';
import { truthMs } from './room-clock.mjs';
import { run } from './run.mjs';
import { choose } from './scenarios.mjs';
import { summarise } from './summary.mjs';
import { gateTable, rowTable } from './tables.mjs';
import { BROWSER } from '../harness/person.mjs';

const OUT = join(ROOT, 'target/bench');
const NO_NAMESPACES = 'network namespaces are refused here, so the lines have no delay and no loss';
/** The scenarios that the picture shows beside W. */
const BESIDE = {
  'baseline-mediasync': 'MediaSync-style',
  'baseline-nudge': '±2 % beyond 100 ms',
  'baseline-seek': 'Seek beyond 0.5 s',
};

const { values: options } = parseArgs({ options: { loopback: { type: 'boolean', default: false } } });
const quick = !['', '0'].includes(process.env.QUICK ?? '');
const only = (process.env.ONLY ?? '').split(',').filter((name) => name !== '');
// A quick or partial run doesn't decide the gates, so it must not overwrite a full report.
const name = quick ? 'sync-quick' : only.length > 0 ? `sync-${only.join('-')}` : 'sync';
/** The traces of the last start, for inspection and for measuring again. */
const traceFolder = join(OUT, name);

const lines = options.loopback ? loopback() : await openLines();
const chosen = choose({ only, quick, emulated: lines.emulated });
const niceness = raisePriority();
const machine = { ...readMachine(), browser: versionOf(BROWSER), niceness };
makeClips({ long: chosen.some(({ film }) => film === 'long') });
mkdirSync(traceFolder, { recursive: true });
const pages = bundleBaselines();

const rows = [];
const pictured = {};
const notRun = lines.emulated ? {} : { all: NO_NAMESPACES };
for (const scenario of chosen) {
  const { runs, failures } = await runAll(scenario);
  if (runs.length === 0) notRun[scenario.name] = failures[0];
  else rows.push({ ...summarise(scenario, runs), flaws: [...failures, ...runs.flatMap(({ flaws }) => flaws)] });
  // The bench takes half an hour: if it is stopped early, the results so far are kept.
  keepReport();
  await keepPicture();
}
lines.close();
const { gates, ...report } = keepReport();
say(`\n${factsOf(report.machine)}\n\n${gateTable(gates)}\n\n${rowTable(rows)}`);
// What a failed run may have left behind doesn't keep this process, and ends with it.
process.exit(rows.length === 0 ? 1 : 0);

/** Runs a scenario as often as it says; returns the measurements, and why some runs failed. */
async function runAll(scenario) {
  const runs = [];
  const failures = [];
  for (let count = 1; count <= scenario.runs; count += 1) {
    const beganMs = truthMs();
    const label = `${scenario.name} ${count} of ${scenario.runs}`;
    const tookS = () => Math.round((truthMs() - beganMs) / 1000);
    try {
      const trace = await run(scenario, { lines, pages, niceness });
      writeFileSync(join(traceFolder, `${scenario.name}-${count}.json`), JSON.stringify(trace));
      pictured[scenario.name] ??= trace;
      runs.push(measure(trace));
      const { p50, p99 } = summarise(scenario, runs.slice(-1)).skew_ms;
      const skew = [p50, p99].map((value) => value?.toFixed(2) ?? '-').join(' and ');
      say(`${label}: skew p50 and p99 ${skew} ms; ${tookS()} s, load ${load()}`);
    } catch (error) {
      failures.push(`run ${count} failed: ${error.message.split('\n')[0]}`);
      say(`${label} failed after ${tookS()} s: ${error.stack}`);
    }
  }
  return { runs, failures };
}

function keepReport() {
  const measuredOver = lines.emulated ? 'emulated' : 'loopback';
  const whole = { machine: { ...machine, load_average_after: load() }, links: measuredOver, gates: judge(rows, notRun), rows };
  writeFileSync(join(OUT, `${name}.json`), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

async function keepPicture() {
  if (pictured.w === undefined) return;
  const others = Object.entries(BESIDE).filter(([other]) => pictured[other] !== undefined);
  const svg = draw(pictured.w, others.map(([other, label]) => ({ label, trace: pictured[other] })));
  writeFileSync(join(OUT, `${name}.svg`), svg);
  await photograph(svg, join(OUT, `${name}.png`));
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
