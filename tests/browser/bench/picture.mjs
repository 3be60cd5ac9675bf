/** Draws the picture of the bench as SVG. */
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
const LOUD = { fill: INK.text, 'font-weight': 600 };
/** Linear within this, logarithmic beyond. */
const LINEAR_MS = 1;
const TOP_MS = 3_000;
const TICKS_MS = [-1_000, -100, -10, -1, 0, 1, 10, 100, 1_000];
const FRAME_MS = 1000 / 30;
/** The labels of the events; events without one aren't drawn. */
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
 * Draws one run of W: how far each viewer was from the room's timeline, and below it the steady time of that run beside
 * those of `others`, each `{ label, trace }`. Returns the SVG as text.
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

function head({ viewers, scenario, lines }) {
  const names = viewers.flatMap(({ name }, index) => {
    const x = MARGIN.left + index * 112;
    const role = index === 0 ? ' (host)' : '';
    return [rect({ x, y: 72, width: 16, height: 4 }, COLOURS[index]), text(x + 22, 79, name + role)];
  });
  const emulated = 'each behind its own line: 40 + 40 ms, jitter 5 ms, 1 % loss each way';
  const where = lines === null ? 'over loopback' : emulated;
  const film = scenario.hls ? 'HLS' : 'MP4';
  return [
    text(MARGIN.left, 34, 'Four browsers on one timeline', { 'font-size': 20, ...LOUD }),
    text(MARGIN.left, 56, `Position minus the room’s timeline. ${film}, 30 frames per second, ${where}.`),
    ...names,
  ].join('\n');
}

function main(trace) {
  const { viewers, commits, marks, steady } = trace;
  const fromMs = marks[0].atMs - 1_000;
  const untilMs = Math.max(...viewers.map(({ samples }) => samples.at(-1)[0]));
  const box = { x: MARGIN.left, y: MAIN.top, width: WIDTH - MARGIN.left - MARGIN.right, height: MAIN.height };
  const axes = { box, window: { fromMs, untilMs } };
  const x = xOf(axes);
  const left = x(steady.fromMs);
  return [
    rect({ ...box, x: left, width: x(steady.untilMs) - left }, INK.steady),
    grid(axes),
    seconds(axes),
    events(axes, marks),
    ...curves(axes, viewers, commits),
    text(left + 12, box.y + box.height - 14, `steady play, between two viewers: ${skewOf(trace)}`, LOUD),
  ].join('\n');
}

function small(runs) {
  const width = (WIDTH - MARGIN.left - MARGIN.right - SMALL.gap * (runs.length - 1)) / runs.length;
  return runs.map(({ label, trace }, index) => {
    const { viewers, commits, steady } = trace;
    const box = { x: MARGIN.left + index * (width + SMALL.gap), y: SMALL.top, width, height: SMALL.height };
    const axes = { box, window: steady };
    const tookS = Math.round((steady.untilMs - steady.fromMs) / 1000);
    return [
      rect(box, INK.steady),
      text(box.x, box.y - 26, label, LOUD),
      text(box.x, box.y - 9, skewOf(trace)),
      grid(axes, index === 0),
      ...curves(axes, viewers, commits),
      text(box.x, box.y + box.height + 20, `${tookS} s of steady play`),
    ].join('\n');
  });
}

function skewOf({ steady, viewers }) {
  const { p50, p99 } = quantiles(skewIn(steady, viewers.map(({ samples }) => samples)).pairs);
  return `p50 ${ms(p50)}, p99 ${ms(p99)}`;
}

function grid(axes, labelled = true) {
  const { box } = axes;
  const y = yOf(axes);
  const right = box.x + box.width;
  const top = y(FRAME_MS);
  const parts = [rect({ ...box, y: top, height: y(-FRAME_MS) - top }, '#2563eb', 0.05)];
  for (const tick of TICKS_MS) {
    parts.push(stroke([box.x, y(tick)], [right, y(tick)], tick === 0 ? INK.zero : INK.grid));
    // A small box has no room for the inner labels.
    if (!labelled || (Math.abs(tick) === 1 && box.height < MAIN.height)) continue;
    const sign = tick > 0 ? '+' : tick < 0 ? '−' : '';
    parts.push(text(box.x - 8, y(tick) + 4, `${sign}${Math.abs(tick)}`, { 'text-anchor': 'end' }));
  }
  if (labelled) {
    const turned = `rotate(-90 ${box.x - 48} ${box.y + box.height / 2})`;
    parts.push(text(box.x - 48, box.y + box.height / 2, 'ms', { 'text-anchor': 'middle', transform: turned }));
  }
  if (box.height === MAIN.height) parts.push(text(box.x + 8, top - 5, 'within one frame', { 'font-size': 11 }));
  return parts.join('\n');
}

function seconds({ box, window }) {
  const x = xOf({ box, window });
  const count = Math.floor((window.untilMs - window.fromMs) / 10_000);
  const each = Array.from({ length: count + 1 }, (_, index) => {
    const words = `${index * 10}${index === count ? ' s' : ''}`;
    return text(x(window.fromMs + index * 10_000), box.y + box.height + 20, words, { 'text-anchor': 'middle' });
  });
  return each.join('\n');
}

function events(axes, marks) {
  const { box } = axes;
  const x = xOf(axes);
  const shown = marks.filter(({ name }) => NAMES[name] !== undefined);
  const each = shown.flatMap(({ name, atMs }) => {
    const at = x(atMs);
    const turned = `rotate(-32 ${round(at + 4)} ${box.y - 8})`;
    return [
      stroke([at, box.y - 4], [at, box.y + box.height], INK.quiet, { 'stroke-dasharray': '3 4' }),
      text(at + 4, box.y - 8, NAMES[name], { 'font-size': 12, transform: turned }),
    ];
  });
  return each.join('\n');
}

function curves(axes, viewers, commits) {
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
    const pencil = { fill: 'none', stroke: COLOURS[index], 'stroke-width': 1.2, 'stroke-linejoin': 'round' };
    return `<path d="${path}"${attributes(pencil)}/>`;
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

function rect({ x, y, width, height }, fill, opacity = 1) {
  const box = { x: round(x), y: round(y), width: round(width), height: round(height) };
  return `<rect${attributes({ ...box, fill, 'fill-opacity': opacity })}/>`;
}

function stroke([x1, y1], [x2, y2], colour, more = {}) {
  const ends = { x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2) };
  return `<line${attributes({ ...ends, stroke: colour, ...more })}/>`;
}

function text(x, y, words, more = {}) {
  return `<text${attributes({ x: round(x), y: round(y), fill: INK.quiet, ...more })}>${words}</text>`;
}

function attributes(values) {
  return Object.entries(values).map(([name, value]) => ` ${name}="${value}"`).join('');
}

function ms(value) {
  return value === null ? '–' : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
