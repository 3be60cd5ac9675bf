import { skewIn } from './skew.mjs';
import { quantiles } from './quantile.mjs';
import { errorsOver, thin } from './series.mjs';

const WIDTH = 1200;
const HEIGHT = 860;
const MARGIN = { left: 64, right: 24 };
const MAIN = { top: 130, height: 380 };
const SMALL = { top: 610, height: 190, gap: 22 };
const COLOURS = ['#2563eb', '#db2777', '#059669', '#d97706'];
const INK = { text: '#1e293b', quiet: '#64748b', grid: '#e2e8f0', steady: '#f1f5f9', zero: '#94a3b8' };
/** Linear within this, logarithmic beyond. */
const LINEAR_MS = 1;
const TOP_MS = 3_000;
const TICKS_MS = [-1_000, -100, -10, -1, 0, 1, 10, 100, 1_000];
const FRAME_MS = 1000 / 30;
/** How the events are called in the picture; others are not shown. */
const NAMES = {
  'first play': 'play',
  seek: 'seek',
  'seek far': 'seek, not loaded',
  pause: 'pause',
  play: 'play',
  stall: 'stall',
  'data again': 'data again',
  'new guest': 'joins',
  join: 'joins',
};

/**
 * The picture of the bench as SVG: how far each viewer was from the room's timeline in one run of W, and below it the
 * steady time of the same run beside those of others, `{ label, trace }` each.
 */
export function draw(trace, others) {
  const parts = [head(trace), main(trace), ...small([{ label: 'Playhead', trace }, ...others])];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"
 font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="${INK.text}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

function head({ viewers, scenario, links }) {
  const names = viewers.map(({ name }, index) => {
    const x = MARGIN.left + index * 112;
    const role = index === 0 ? ' (host)' : '';
    return `<rect x="${x}" y="72" width="16" height="4" rx="2" fill="${COLOURS[index]}"/>${text(x + 22, 79, name + role, INK.quiet)}`;
  });
  const where = links === null ? 'over loopback' : 'each behind a link of its own: 40 + 40 ms, jitter 5 ms, 1 % loss each way';
  const film = scenario.hls ? 'HLS' : 'MP4';
  return [
    `<text x="${MARGIN.left}" y="34" font-size="20" font-weight="600">Four browsers on one timeline</text>`,
    text(MARGIN.left, 56, `Position minus what the room committed, in milliseconds. ${film}, 30 frames a second, ${where}.`, INK.quiet),
    ...names,
  ].join('\n');
}

function main(trace) {
  const { viewers, commits, marks, steady } = trace;
  const begin = marks[0].atMs - 1_000;
  const end = Math.max(...viewers.map(({ samples }) => samples.at(-1)[0]));
  const box = { x: MARGIN.left, y: MAIN.top, width: WIDTH - MARGIN.left - MARGIN.right, height: MAIN.height };
  const axes = { box, window: { fromMs: begin, untilMs: end } };
  const x = xOf(axes);
  const shade = rect(x(steady.fromMs), box.y, x(steady.untilMs) - x(steady.fromMs), box.height, INK.steady);
  const { p50, p99 } = quantiles(skewIn(steady, viewers.map(({ samples }) => samples)).pairs);
  const left = x(steady.fromMs) + 12;
  const said = `Between two viewers, steadily: p50 ${ms(p50)}, p99 ${ms(p99)}`;
  const label = `<text x="${round(left)}" y="${box.y + box.height - 14}" font-weight="600">${said}</text>`;
  return [shade, grid(axes), seconds(axes), events(axes, marks), ...lines(axes, viewers, commits), label].join('\n');
}

function small(runs) {
  const width = (WIDTH - MARGIN.left - MARGIN.right - SMALL.gap * (runs.length - 1)) / runs.length;
  return runs.map(({ label, trace }, index) => {
    const { viewers, commits, steady } = trace;
    const box = { x: MARGIN.left + index * (width + SMALL.gap), y: SMALL.top, width, height: SMALL.height };
    const axes = { box, window: steady };
    const { p50, p99 } = quantiles(skewIn(steady, viewers.map(({ samples }) => samples)).pairs);
    return [
      rect(box.x, box.y, box.width, box.height, INK.steady),
      `<text x="${box.x}" y="${box.y - 26}" font-weight="600">${label}</text>`,
      text(box.x, box.y - 9, `p50 ${ms(p50)} · p99 ${ms(p99)}`, INK.quiet),
      grid(axes, index === 0),
      ...lines(axes, viewers, commits),
      text(box.x, box.y + box.height + 20, `${Math.round((steady.untilMs - steady.fromMs) / 1000)} s of steady play`, INK.quiet),
    ].join('\n');
  });
}

function grid(axes, labelled = true) {
  const { box } = axes;
  const y = yOf(axes);
  const frame = rect(box.x, y(FRAME_MS), box.width, y(-FRAME_MS) - y(FRAME_MS), '#2563eb', 0.05);
  const ticks = TICKS_MS.map((tick) => {
    const line = `<line x1="${box.x}" x2="${box.x + box.width}" y1="${round(y(tick))}" y2="${round(y(tick))}" stroke="${tick === 0 ? INK.zero : INK.grid}"/>`;
    const sign = tick > 0 ? '+' : tick < 0 ? '−' : '';
    // A small box has no room for the inner ones.
    if (!labelled || (Math.abs(tick) === 1 && box.height < 300)) return line;
    const name = `<text x="${box.x - 8}" y="${round(y(tick) + 4)}" text-anchor="end" fill="${INK.quiet}">${sign}${Math.abs(tick)}</text>`;
    return line + name;
  });
  const unit = `<text transform="translate(${box.x - 48} ${box.y + box.height / 2}) rotate(-90)" text-anchor="middle" fill="${INK.quiet}">ms</text>`;
  const inFrame = box.width > 500 ? text(box.x + 8, round(y(FRAME_MS) - 5), 'within one frame', INK.quiet, 11) : '';
  return [frame, ...ticks, labelled ? unit : '', inFrame].join('\n');
}

function seconds(axes) {
  const { box, window } = axes;
  const x = xOf(axes);
  const count = Math.floor((window.untilMs - window.fromMs) / 10_000);
  return Array.from({ length: count + 1 }, (_, index) => {
    const at = round(x(window.fromMs + index * 10_000));
    return `<text x="${at}" y="${box.y + box.height + 20}" text-anchor="middle" fill="${INK.quiet}">${index * 10}${index === count ? ' s' : ''}</text>`;
  }).join('\n');
}

function events(axes, marks) {
  const { box } = axes;
  const x = xOf(axes);
  return marks
    .filter(({ name }) => NAMES[name] !== undefined)
    .map(({ name, atMs }) => {
      const at = round(x(atMs));
      return `<line x1="${at}" x2="${at}" y1="${box.y - 4}" y2="${box.y + box.height}" stroke="${INK.quiet}" stroke-dasharray="3 4"/>
<text transform="translate(${at + 4} ${box.y - 8}) rotate(-32)" fill="${INK.quiet}" font-size="12">${NAMES[name]}</text>`;
    })
    .join('\n');
}

function lines(axes, viewers, commits) {
  const { box, window } = axes;
  const x = xOf(axes);
  const y = yOf(axes);
  const bucketMs = (window.untilMs - window.fromMs) / box.width;
  return viewers.map(({ samples }, index) => {
    let path = '';
    let pen = 'M';
    for (const [atMs, errorMs] of thin(errorsOver(window, samples, commits), bucketMs)) {
      if (errorMs !== null) path += `${pen}${round(x(atMs))} ${round(y(errorMs))}`;
      pen = errorMs === null ? 'M' : 'L';
    }
    return `<path d="${path}" fill="none" stroke="${COLOURS[index]}" stroke-width="1.2" stroke-linejoin="round" opacity="0.85"/>`;
  });
}

function xOf({ box, window: { fromMs, untilMs } }) {
  return (atMs) => box.x + (box.width * (atMs - fromMs)) / (untilMs - fromMs);
}

function yOf({ box }) {
  const scale = (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / LINEAR_MS);
  const top = scale(TOP_MS);
  return (value) => box.y + (box.height / 2) * (1 - Math.max(-top, Math.min(top, scale(value))) / top);
}

function rect(x, y, width, height, fill, opacity = 1) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" fill-opacity="${opacity}"/>`;
}

function text(x, y, words, fill, size = 13) {
  return `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}">${words}</text>`;
}

function ms(value) {
  return value === null ? '–' : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
