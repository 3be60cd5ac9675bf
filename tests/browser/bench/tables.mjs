/** Formats the report as text tables. */

/** Aligns the columns of rows: words to the left, numbers to the right. */
export function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = (text) => /^-?[\d.]*$/.test(text);
  const cell = (text, column) => (isNumber(text) ? text.padStart(widths[column]) : text.padEnd(widths[column]));
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** Returns a table with one row per gate. */
export function gateTable(gates) {
  const body = gates.map(({ id, unit, value, must, aim, held, reason }) => {
    const verdict = reason === undefined ? (held ? 'yes' : 'NO') : `NO: ${reason}`;
    return [id, value === null ? '-' : value.toFixed(3), String(must), String(aim), unit, verdict];
  });
  return align([['gate', 'value', 'must', 'aim', 'unit', 'held'], ...body]);
}

/** Returns a table with one row per scenario, the baselines among them. */
export function rowTable(rows) {
  const head = ['scenario', 'runs', 'skew p50', 'p95', 'p99', 'max', 'display p50', 'p99', 'clock p50', 'max'];
  const more = ['rate %', 'own seeks', 'idle s', 'join p50', 'stall p50', 'command p95'];
  const body = rows.map((row) => [
    row.scenario,
    String(row.runs),
    ...[row.skew_ms.p50, row.skew_ms.p95, row.skew_ms.p99, row.skew_ms.max].map((value) => number(value)),
    ...[row.display_ms.p50, row.display_ms.p99].map((value) => number(value, 1)),
    ...[row.clock_error_ms.p50, row.clock_error_ms.max].map((value) => number(value)),
    number(row.rate_deviation * 100),
    String(row.own_seeks.reduce((sum, count) => sum + count, 0)),
    number(row.not_playing_s, 1),
    ...[row.join_s.p50, row.stall_s.p50, row.command_s.p95].map((value) => number(value)),
  ]);
  return align([[...head, ...more], ...body]);
}

function number(value, digits = 2) {
  return value === null || !Number.isFinite(value) ? '-' : value.toFixed(digits);
}
