// SPDX-License-Identifier: Apache-2.0
// Roofline and speed-up: both show one number of tokens, type and ranks over all widths.
import { scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { drawAxes, frame, label, mark, scaleFor, verticalBar, wide } from './chart.js';
import { alternative, colourOf, command, data, namer, ranked, ranksText } from './data.js';
import { choice, figure, nothing } from './dom.js';
import { bytes, count, rate, times } from './format.js';
import { along, spread, widthOf } from './labels.js';

const sweeps = new Map();
for (const group of data.groups) {
  const key = `${group.tokens} tokens, ${group.dtype}, ${ranksText(group.ranks)}`;
  if (!sweeps.has(key)) sweeps.set(key, []);
  sweeps.get(key).push(group);
}
const headline = data.groups[data.headline ?? 0];
const first = `${headline.tokens} tokens, ${headline.dtype}, ${ranksText(headline.ranks)}`;
const pointsOf = (groups) => groups.flatMap(({ points }) => points.map((id) => data.points[id])).filter(ranked);

// Points of one job, series, sharding and kind of rival, by width.
function linesOf(points) {
  const lines = new Map();
  for (const point of points) {
    const key = JSON.stringify([point.job, point.series, point.sharding, data.groups[point.group].mixes_tokens]);
    if (!lines.has(key)) lines.set(key, []);
    lines.get(key).push(point);
  }
  for (const list of lines.values()) list.sort((a, b) => a.d_in - b.d_in);
  return [...lines.values()];
}

// Returns what labels must keep away from: texts, and the lines themselves.
function drawRoof(f, x, y, roofs) {
  const taken = [];
  const lines = [];
  const [low, high] = x.domain();
  let top;
  for (const { gemm_flops_per_second: gemm, copy_bytes_per_second: copy } of roofs) {
    const ridge = Math.min(Math.max(gemm / copy, low), high);
    const corners = [low, ridge, high].map((intensity) => [x(intensity), y(Math.min(gemm, intensity * copy))]);
    f.plot.append('path').attr('class', 'roof').attr('d', line()(corners));
    lines.push(...along(corners));
    if (!top || gemm > top.gemm) top = { gemm, copy };
  }
  const text = (words, left, height) => {
    f.plot.append('text').attr('class', 'label').attr('x', left).attr('y', height).text(words);
    taken.push({ x: left, y: height - 11, width: widthOf(words) + 4, height: 14 });
  };
  const gemm = `GEMM ${rate(top.gemm)}`;
  text(gemm, f.width - widthOf(gemm) - 4, y(top.gemm) - 6);
  text(`copy ${bytes(top.copy)}/s`, x(low * 2) + 10, y(low * 2 * top.copy) + 16);
  return { taken, lines };
}

function drawRoofline(host, key) {
  const groups = sweeps.get(key);
  const points = pointsOf(groups).filter((point) => point.flops_per_byte > 0 && point.executed_flops_per_second > 0);
  const roofs = groups.flatMap((group) => group.roofs);
  if (points.length === 0 || roofs.length === 0) { nothing(host, 'No ranked record of this sweep has a rate and measured roofs.'); return ''; }
  const f = frame(host, 400, { top: 34, right: 20, bottom: 48, left: 84 }, `Roofline, ${key}`);
  const x = scaleFor(points.map((point) => point.flops_per_byte), [0, f.width], 2);
  const low = x.domain()[0];
  const y = scaleFor([...points.map((point) => point.executed_flops_per_second), ...roofs.flatMap((roof) => [roof.gemm_flops_per_second, low * roof.copy_bytes_per_second])], [f.height, 0], 1.5);
  drawAxes(f, { x, y, xTitle: `${wide(host) ? 'arithmetic intensity: ' : ''}executed FLOP per byte of compulsory traffic`, yTitle: 'executed FLOP/s', xText: count, yText: rate });
  const { taken, lines: drawn } = drawRoof(f, x, y, roofs);
  const name = namer(points);
  const lines = linesOf(points);
  const at = (point) => [x(point.flops_per_byte), y(point.executed_flops_per_second)];
  for (const list of lines) {
    f.plot.append('path').attr('class', 'line').attr('stroke', colourOf(list[0].series)).attr('opacity', 0.5).attr('d', line()(list.map(at)));
    drawn.push(...along(list.map(at)));
    for (const point of list) mark(f.plot, point, ...at(point), { size: 55, lines: [`${count(point.flops_per_byte)} FLOP/B, ${rate(point.executed_flops_per_second)}`] });
  }
  for (const [px, py] of points.map(at)) taken.push({ x: px - 6, y: py - 6, width: 12, height: 12 });
  label(f, lines.map((list) => list[list.length - 1]).map((point) => {
    const [px, py] = at(point);
    return { x: px, y: py, text: wide(host) ? `${name(point)}, n = ${point.d_in}` : name(point) };
  }), { taken, lines: drawn });
  return command([`--tokens ${groups[0].tokens}`, '-o json']);
}

// The bound of each kind of rival, at the widths measured.
function boundsOf(groups) {
  return [false, true].map((mixes) => groups.filter((group) => group.mixes_tokens === mixes && group.speedup_bound > 0
    && group.points.some((id) => data.points[id].speedup !== undefined)).sort((a, b) => a.d_in - b.d_in)).filter((list) => list.length > 0);
}

// Texts in the right margin, each led to from the end of its line.
function endLabels(f, items) {
  const heights = spread(items.map(({ y }) => y), 4, f.height);
  items.forEach(({ x, y, text }, i) => {
    f.plot.append('path').attr('class', 'leader').attr('d', `M${x + 7},${y}L${f.width + 6},${heights[i]}h4`);
    f.plot.append('text').attr('class', 'label').attr('x', f.width + 13).attr('y', heights[i] + 4).text(text);
  });
}

function drawSpeedup(host, key) {
  const groups = sweeps.get(key);
  const points = pointsOf(groups).filter((point) => alternative(point) && point.speedup > 0);
  if (points.length === 0) { nothing(host, 'No ranked record of this sweep is compared with MatMul.'); return ''; }
  const name = namer(points);
  const lines = linesOf(points);
  const bounds = boundsOf(groups);
  const texts = [...lines.map((list) => `${name(list[0])} ${times(list[list.length - 1].speedup)}`),
    ...bounds.map((list) => `${list[0].mixes_tokens ? 'bound over tokens' : 'bound'} ${times(list[list.length - 1].speedup_bound)}`)];
  const right = Math.min(Math.max(...texts.map((text) => widthOf(text))) + 22, host.clientWidth * 0.6);
  const f = frame(host, Math.max(380, 60 + 15 * texts.length), { top: 34, right, bottom: 48, left: 52 }, `Speed-up over MatMul, ${key}`);
  const sizes = [...new Set(points.map((point) => point.d_in))].sort((a, b) => a - b);
  const x = scaleLog([sizes[0] / 1.15, sizes[sizes.length - 1] * 1.08], [0, f.width]);
  const y = scaleFor([1, ...points.flatMap((point) => [point.speedup, point.speedup_high ?? point.speedup]), ...bounds.flat().map((group) => group.speedup_bound)], [f.height, 0]);
  const every = wide(host) || sizes.length < 6 ? sizes : sizes.filter((_, i) => i % 2 === 0);
  drawAxes(f, { x, y, xTitle: 'n (input width)', yTitle: 'MatMul time / operator time', xTicks: every, xText: count, yText: times });
  f.plot.append('line').attr('class', 'even').attr('x2', f.width).attr('y1', y(1)).attr('y2', y(1));
  const ends = [];
  for (const list of lines) {
    const colour = colourOf(list[0].series);
    f.plot.append('path').attr('class', 'line').attr('stroke', colour).attr('d', line()(list.map((point) => [x(point.d_in), y(point.speedup)])));
    for (const point of list) {
      const group = data.groups[point.group];
      verticalBar(f.plot, x(point.d_in), y, { low: point.speedup_low, high: point.speedup_high }, colour);
      mark(f.plot, point, x(point.d_in), y(point.speedup), { size: 55, standing: group.bound_applies ? 'front' : 'dominated',
        lines: [group.bound_applies ? `the roofs allow ${times(group.speedup_bound)}` : 'MatMul is bound by memory at this shape'] });
    }
    const last = list[list.length - 1];
    ends.push({ x: x(last.d_in), y: y(last.speedup), text: texts[ends.length] });
  }
  for (const list of bounds) {
    f.plot.append('path').attr('class', 'bound').attr('d', line()(list.map((group) => [x(group.d_in), y(group.speedup_bound)])));
    const last = list[list.length - 1];
    ends.push({ x: x(last.d_in), y: y(last.speedup_bound), text: texts[ends.length] });
  }
  endLabels(f, ends);
  return command([`--tokens ${groups[0].tokens}`, '-o csv']);
}

const sweepFigure = (section, draw) => () => {
  let key = first;
  return figure(section, (redraw) => [choice('sweep over n at', [...sweeps.keys()].map((text) => [text, text]), first, (value) => { key = value; redraw(); })], (host) => draw(host, key));
};
export const roofline = sweepFigure('roofline', drawRoofline);
export const speedup = sweepFigure('speedup', drawSpeedup);
