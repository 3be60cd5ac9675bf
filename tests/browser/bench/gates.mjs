/** The gates of the bench, and how a measurement is judged by them. */

/** The gates of W and of scenarios like it, each with the value that it takes from a row of the report. */
const LIKE_W = [
  gate('skew_p50', 'ms', 2, 0.5, (row) => row.skew_ms.p50),
  gate('skew_p99', 'ms', 8, 2, (row) => row.skew_ms.p99),
  gate('frame_p50', 'ms', 16.8, 16.7, (row) => row.display_ms.p50),
  gate('frame_p99', 'ms', 33.5, 33.4, (row) => row.display_ms.p99),
  gate('join_p50', 's', 2.5, 1.5, (row) => row.join_s.p50),
  gate('join_p95', 's', 4, 4, (row) => row.join_s.p95),
  gate('stall_p50', 's', 0.5, 0.5, (row) => row.stall_s.p50),
  gate('stall_p95', 's', 1.5, 0.6, (row) => row.stall_s.p95),
  gate('command_p95', 's', 1, 0.15, (row) => row.command_s.p95),
  gate('rate_deviation', '%', 1, 0.5, (row) => row.rate_deviation * 100),
  gate('rate_beyond_2_percent', 's', 2, 0, (row) => row.rate_beyond_2_percent_s),
  gate('own_seeks', 'seeks', 0, 0, (row) => row.own_seeks.reduce((sum, count) => sum + count, 0)),
];
const SKEW_FAR = [
  gate('skew_p50', 'ms', 4, 1, (row) => row.skew_ms.p50),
  gate('skew_p99', 'ms', 15, 5, (row) => row.skew_ms.p99),
];
const NO_LOOP = gate('own_seeks_of_one', 'seeks', 2, 0, (row) => Math.max(...row.own_seeks));

/** The gates by scenario. Their ids never change; for all of them smaller is better. */
const GATES = {
  w: LIKE_W,
  hls: LIKE_W,
  far: SKEW_FAR,
  soak: [
    gate('skew_p50', 'ms', 2, 0.5, (row) => row.skew_ms.p50),
    gate('skew_p99', 'ms', 8, 2, (row) => row.skew_ms.p99),
    NO_LOOP,
  ],
  inexact: [
    gate('picture_p50', 'ms', 16.7, 0.5, (row) => row.picture_ms.p50),
    gate('picture_p99', 'ms', 33.4, 2, (row) => row.picture_ms.p99),
    NO_LOOP,
  ],
  asymmetric: [gate('clock_beyond_uncertainty', '%', 0, 0, (row) => beyondPercent(row))],
  wifi: [NO_LOOP],
  '4g': [NO_LOOP],
  '3g': [NO_LOOP, gate('spread_p99', 'ms', 150, 150, (row) => row.spread_ms.p99)],
};

/**
 * Returns each gate with its measured value, or with the reason for having none: `notRun` holds such reasons by
 * scenario, or under `all` for every scenario.
 */
export function judge(rows, notRun) {
  // The soak runs only on request, so its absence is no failure.
  const asked = notRun.soak !== undefined || rows.some((row) => row.scenario === 'soak');
  const wanted = ([scenario]) => scenario !== 'soak' || asked;
  return Object.entries(GATES).filter(wanted).flatMap(([scenario, gates]) => {
    const row = rows.find((one) => one.scenario === scenario);
    return gates.map(({ id, unit, must, aim, valueOf }) => {
      const head = { id: `${scenario}_${id}`, unit };
      const why = notRun.all ?? notRun[scenario] ?? (row === undefined ? 'not run' : undefined);
      if (why !== undefined) return { ...head, value: null, must, aim, held: false, reason: why };
      const value = valueOf(row);
      if (value === null) return { ...head, value, must, aim, held: false, reason: missing(row, id) };
      const flaw = flawOf(row, id);
      const held = value <= must && flaw === undefined;
      return { ...head, value: Math.round(value * 1000) / 1000, must, aim, held, ...(flaw && { reason: flaw }) };
    });
  });
}

function gate(id, unit, must, aim, valueOf) {
  return { id, unit, must, aim, valueOf };
}

function beyondPercent({ clock_beyond_uncertainty: { readings, beyond } }) {
  return readings === 0 ? null : (100 * beyond) / readings;
}

function missing(row, id) {
  if (id.startsWith('skew') || id.startsWith('spread')) {
    const [idle, unseen] = [row.not_playing_s, row.not_seen_s].map((seconds) => seconds.toFixed(1));
    return `viewers didn't play for ${idle} s and weren't observed for ${unseen} s of the steady time`;
  }
  const times = row[`${id.split('_')[0]}_s`];
  return times?.never > 0 ? `${times.never} of ${times.count} never arrived` : 'nothing was measured';
}

function flawOf({ flaws, counter, stalls }, id) {
  if (id.startsWith('frame') && counter.wrong > 0) return `${counter.wrong} frames didn't match their media time`;
  if (id.startsWith('frame') && counter.checked === 0) return 'no frame number was read';
  const fed = stalls.filter(({ starved }) => !starved).length;
  if (id.startsWith('stall') && fed > 0) return `${fed} of ${stalls.length} stalls left the viewer with data`;
  return flaws[0];
}
