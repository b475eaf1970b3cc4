// SPDX-License-Identifier: Apache-2.0
// The comparison table: one body per group of comparable cases, MatMul first.
import { h, withTip } from './dom.js';
import { DASH, bytes, interval, percent, scientific, seconds, si, times } from './format.js';

const COLUMNS = [
  ['Operator', ''],
  ['Time per iteration', 'Median over iterations of the slowest rank, with its 95 % confidence interval'],
  ['vs MatMul', 'Median over paired rounds of MatMul’s time divided by this one’s, with its 95 % interval'],
  ['FLOP/s', 'Effective: what the dense product of the same map would have needed; below it, what was really executed'],
  ['Memory', 'Compulsory bytes per iteration, or counted ones where hardware counters can be read'],
  ['Wire', 'Bytes on the wire per iteration, counted by the communicator, all ranks'],
  ['Of the roofs', 'Shares of the GEMM, stream and wire rates measured on the same ranks in the same attempt'],
  ['Error', 'Relative error against float64'],
];

const VERDICTS = { FASTER: 'good', SLOWER: 'bad', SAME: 'plain', AMBIGUOUS: 'warn', INVALID: 'bad', BASELINE: 'plain' };
const OUTCOMES = { unsupported: 'plain', cancelled: 'plain', 'not run': 'plain' };
const MOST_ROWS = 400;

const badge = (text, tone) => h('span', { class: 'badge', 'data-tone': tone }, text);

function timeCell(row) {
  if (!Number.isFinite(row.median)) return h('td', { class: 'n' }, DASH);
  return withTip(h('td', { class: 'n' }, h('b', {}, seconds(row.median)), h('small', {}, interval(row.low, row.high, row.median))),
    [`${row.samples} samples`, `stopped by: ${row.stop || 'unknown'}`, `range ${seconds(row.min)} – ${seconds(row.max)}`]);
}

function speedupCell(row) {
  const tone = VERDICTS[row.verdict];
  const text = row.verdict ? badge(row.verdict.toLowerCase(), tone) : null;
  if (row.baseline) return h('td', { class: 'n' }, text);
  return h('td', { class: 'n' }, h('b', {}, times(row.speedup)), ' ', text,
    h('small', {}, Number.isFinite(row.speedupLow) ? `${times(row.speedupLow)} – ${times(row.speedupHigh)}` : ''));
}

function roofsCell({ roofs }) {
  const bar = (name) => {
    const share = roofs[name];
    if (!Number.isFinite(share)) return null;
    return h('div', { class: 'roof', 'data-bound': roofs.bound === name },
      h('span', {}, name), h('i', { '--share': `${Math.min(share, 1) * 100}%` }), h('em', {}, percent(share)));
  };
  const bars = ['compute', 'memory', 'wire'].map(bar).filter(Boolean);
  return h('td', { class: 'roofs' }, bars.length ? bars : DASH);
}

function wireCell(row) {
  return h('td', { class: 'n' }, bytes(row.wire),
    row.trafficMatches === false && Number.isFinite(row.median) ? badge('≠ declared', 'bad') : null);
}

function measuredCells(row) {
  return [timeCell(row), speedupCell(row),
    h('td', { class: 'n' }, si(row.effective, ''), h('small', {}, `${si(row.executed, '')} executed`)),
    h('td', { class: 'n' }, bytes(row.memory), row.memoryCounted ? h('small', {}, 'counted') : null), wireCell(row),
    roofsCell(row), h('td', { class: 'n' }, scientific(row.error))];
}

// How a case ended is said only when it did not end well; good ones have a verdict.
function nameCell(row, colour) {
  const measured = Number.isFinite(row.median);
  return h('th', { scope: 'row' }, h('i', { class: 'dot', '--colour': colour(row) }), h('code', {}, row.operator),
    h('small', {}, row.sharding, row.outcome === 'ok' ? null : badge(row.outcome, OUTCOMES[row.outcome] ?? 'bad')),
    row.detail && measured ? h('small', { class: 'why' }, row.detail) : null);
}

function rowOf(row, colour) {
  const cells = Number.isFinite(row.median)
    ? measuredCells(row)
    : [h('td', { class: 'why', colspan: COLUMNS.length - 1 }, h('p', {}, row.detail || 'not measured'))];
  return h('tr', { class: row.baseline ? 'baseline' : '', 'data-outcome': row.outcome }, nameCell(row, colour), cells);
}

function bodyOf(rows, colour) {
  const [first] = rows;
  return h('tbody', {},
    h('tr', { class: 'place' }, h('th', { scope: 'rowgroup', colspan: COLUMNS.length }, h('b', {}, first.place), h('span', {}, first.conditions))),
    rows.map((row) => rowOf(row, colour)));
}

export function comparisonTable(rows, colour) {
  if (!rows.length) return h('p', { class: 'empty' }, 'Results appear here as cases end.');
  const groups = new Map();
  for (const row of rows.slice(0, MOST_ROWS)) {
    const key = `${row.group}|${row.place}|${row.conditions}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  const hidden = rows.length - MOST_ROWS;
  return [
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Comparison of operators' },
      h('table', {},
        h('caption', {}, 'Cost, time, traffic and error of every case, compared with MatMul of the same place'),
        h('thead', {}, h('tr', {}, COLUMNS.map(([name, hint]) => h('th', { scope: 'col', title: hint || undefined }, name)))),
        [...groups.values()].map((group) => bodyOf(group, colour)))),
    hidden > 0 ? h('p', { class: 'empty' }, `${hidden} more cases: choose a place or an operator above.`) : null,
  ];
}
