// SPDX-License-Identifier: Apache-2.0
// Dot-and-interval charts on a logarithmic axis, one line per case, grouped by place.
import { svg, h, withTip } from './dom.js';
import { interval, seconds, times } from './format.js';

const LINE = 22;
const GROUP = 26;
const LABEL = 46;
const MARGIN = { left: 168, right: 72, top: 6, bottom: 30 };
const MOST_LINES = 80;

function logTicks(low, high, steps) {
  const ticks = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); ++exponent) {
    for (const step of steps) {
      const tick = step * 10 ** exponent;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

function scaleFor(values, width) {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const ratio = Math.log(high / low);
  const x = (value) => MARGIN.left + (Math.log(value / low) / ratio) * (width - MARGIN.left - MARGIN.right);
  const decades = Math.log10(high / low);
  const steps = decades < 0.7 ? [1, 1.5, 2, 3, 4, 5, 7] : decades < 2 ? [1, 2, 5] : decades < 4 ? [1, 3] : [1];
  return { x, ticks: logTicks(low, high, steps) };
}

// Ticks whose labels do not touch the one before.
function spaced({ x, ticks }) {
  let last = -Infinity;
  return ticks.filter((tick) => {
    if (x(tick) - last < LABEL) return false;
    last = x(tick);
    return true;
  });
}

function groupsOf(rows) {
  const groups = new Map();
  for (const row of rows.slice(0, MOST_LINES)) {
    if (!groups.has(row.group)) groups.set(row.group, []);
    groups.get(row.group).push(row);
  }
  return groups;
}

function mark(row, kind, scale, y, colour) {
  const at = scale.x(row[kind.value]);
  const has = (value) => Number.isFinite(value) && value > 0;
  const parts = [];
  if (kind.outer && has(row.min) && has(row.max)) {
    parts.push(svg('line', { class: 'range', x1: scale.x(row.min), x2: scale.x(row.max), y1: y, y2: y, stroke: colour }));
  }
  if (has(row[kind.low]) && has(row[kind.high])) {
    const [from, to] = [scale.x(row[kind.low]), scale.x(row[kind.high])];
    parts.push(svg('line', { class: 'ci', x1: from, x2: to, y1: y, y2: y, stroke: colour }));
    for (const end of [from, to]) parts.push(svg('line', { class: 'cap', x1: end, x2: end, y1: y - 6, y2: y + 6, stroke: colour }));
  }
  parts.push(row.outcome === 'ok'
    ? svg('circle', { class: 'dot', cx: at, cy: y, r: 3.8, fill: colour })
    : svg('path', { class: 'cross', d: `M${at - 4} ${y - 4}l8 8m0 -8l-8 8`, stroke: 'var(--bad)' }));
  return parts;
}

function lineOf(row, kind, scale, y, width, colour) {
  const label = row.operator.length > 22 ? `${row.operator.slice(0, 21)}…` : row.operator;
  const line = svg('g', { class: 'line' },
    svg('rect', { class: 'hit', x: 0, y: y - LINE / 2, width, height: LINE }),
    svg('circle', { cx: 10, cy: y, r: 4, fill: colour }),
    svg('text', { class: 'name', x: 20, y: y + 4 }, label),
    mark(row, kind, scale, y, colour),
    svg('text', { class: 'value', x: width - 4, y: y + 4 }, kind.format(row[kind.value])));
  return withTip(line, [row.operator, `${row.place} · ${row.sharding}`, row.conditions,
    `median ${seconds(row.median)} [${interval(row.low, row.high, row.median)}]`,
    `${times(row.speedup)} MatMul${Number.isFinite(row.speedupLow) ? ` [${times(row.speedupLow)} – ${times(row.speedupHigh)}]` : ''}`,
    `${row.samples} samples`]);
}

// Grid lines behind one group; they leave its title free.
function verticals(kind, scale, from, to) {
  const line = (value, name) => svg('line', { class: name, x1: scale.x(value), x2: scale.x(value), y1: from, y2: to });
  return [scale.ticks.map((tick) => line(tick, 'grid')), kind.reference ? line(kind.reference, 'reference') : null];
}

// kind: {value, low, high, outer, format, title, reference}
function chart(rows, kind, colour, width) {
  const shown = rows.filter((row) => Number.isFinite(row[kind.value]) && row[kind.value] > 0);
  if (!shown.length) return h('p', { class: 'empty' }, 'No measured case yet.');
  const values = shown.flatMap((row) => [row[kind.value], row[kind.low], row[kind.high], ...(kind.outer ? [row.min, row.max] : [])])
    .filter((value) => Number.isFinite(value) && value > 0);
  if (kind.reference) values.push(kind.reference);
  const scale = scaleFor(values, width);
  const marks = [];
  const grid = [];
  let y = MARGIN.top;
  for (const [, group] of groupsOf(shown)) {
    marks.push(svg('text', { class: 'group', x: 2, y: y + GROUP / 2 + 5 }, `${group[0].place}  ·  ${group[0].conditions}`));
    y += GROUP;
    grid.push(verticals(kind, scale, y, y + group.length * LINE));
    for (const row of group) {
      marks.push(lineOf(row, kind, scale, y + LINE / 2, width, colour(row)));
      y += LINE;
    }
  }
  const bottom = y + 4;
  const labels = spaced(scale).map((tick) => svg('text', { class: 'tick', x: scale.x(tick), y: bottom + 14 }, kind.tick(tick)));
  return svg('svg', { viewBox: `0 0 ${width} ${bottom + MARGIN.bottom - 6}`, role: 'img', 'aria-label': kind.title, class: 'chart' },
    grid, labels, marks);
}

const short = (value) => Number(value.toPrecision(2)).toString();

export const speedupChart = (rows, colour, width) => chart(rows.filter((row) => !row.baseline), {
  value: 'speedup', low: 'speedupLow', high: 'speedupHigh', format: times, tick: (t) => `${short(t)}×`, reference: 1,
  title: 'Speed-up against MatMul of the same place, with 95 % intervals. The table below holds the same figures.',
}, colour, width);

export const timeChart = (rows, colour, width) => chart(rows, {
  value: 'median', low: 'low', high: 'high', outer: true, format: seconds, tick: (t) => seconds(t).replace(/\.0+(?= )/, ''),
  title: 'Median time of one iteration with 95 % intervals and the range of samples. The table below holds the same figures.',
}, colour, width);
