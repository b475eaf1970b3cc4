// SPDX-License-Identifier: Apache-2.0
// What all charts share: frame, axes, marks that lead to their record, labels.
import { axisBottom, axisLeft } from 'd3-axis';
import { scaleLinear, scaleLog } from 'd3-scale';
import { select } from 'd3-selection';
import { symbol } from 'd3-shape';
import { colourOf, shapeOf } from './data.js';
import { round } from './format.js';
import { placeLabels, widthOf } from './labels.js';
import { tip } from './tip.js';

export const wide = (host) => host.clientWidth > 560;

// An SVG of the host's width. `margin` is {top, right, bottom, left}; drawing happens in `plot`, whose origin is the inner corner.
export function frame(host, height, margin, description) {
  const width = Math.max(host.clientWidth, 300);
  const svg = select(host).append('svg').attr('viewBox', `0 0 ${width} ${height}`).attr('role', 'group').attr('aria-label', description);
  const plot = svg.append('g').attr('transform', `translate(${margin.left},${margin.top})`);
  return { svg, plot, width: width - margin.left - margin.right, height: height - margin.top - margin.bottom, margin };
}

// A logarithmic scale with room at both ends; linear from 0 when some value is 0.
export function scaleFor(values, range, room = 1.35) {
  const positive = values.filter((value) => value > 0);
  if (positive.length < values.length || positive.length === 0) {
    return scaleLinear([0, Math.max(...values, 0) * 1.08 || 1], range);
  }
  return scaleLog([Math.min(...positive) / room, Math.max(...positive) * room], range);
}

// At most `most` ticks: powers of ten, with 2 and 5 between when the scale is short.
export function ticksOf(scale, most) {
  if (!scale.base) return scale.ticks(most);
  const [low, high] = scale.domain();
  const powers = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) powers.push(10 ** power);
  const within = (list) => list.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const thin = (list) => { const step = Math.ceil(list.length / most); return list.filter((_, i) => i % step === 0); };
  const fine = within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  if (fine.length <= most) return fine;
  return thin(within(powers));
}

export function drawAxes(f, { x, y, xTitle, yTitle, xText, yText, xTicks, yTicks }) {
  const xs = xTicks ?? ticksOf(x, Math.max(3, Math.floor(f.width / 90)));
  const ys = yTicks ?? ticksOf(y, Math.max(4, Math.floor(f.height / 36)));
  const grid = f.plot.append('g').attr('class', 'grid');
  for (const value of ys) grid.append('line').attr('x2', f.width).attr('y1', y(value)).attr('y2', y(value));
  for (const value of xs) grid.append('line').attr('y2', f.height).attr('x1', x(value)).attr('x2', x(value));
  f.plot.append('g').attr('class', 'axis').attr('transform', `translate(0,${f.height})`)
    .call(axisBottom(x).tickValues(xs).tickFormat(round(xText)).tickSizeOuter(0)).attr('font-family', null).attr('font-size', null);
  f.plot.append('g').attr('class', 'axis').call(axisLeft(y).tickValues(ys).tickFormat(round(yText)).tickSizeOuter(0)).attr('font-family', null).attr('font-size', null);
  f.plot.append('text').attr('class', 'title').attr('x', f.width).attr('y', f.height + 38).attr('text-anchor', 'end').text(xTitle);
  f.plot.append('text').attr('class', 'title').attr('x', -f.margin.left + 2).attr('y', -10).text(yTitle);
  f.title = { x: -f.margin.left, y: -22, width: widthOf(yTitle) + 6, height: 17 };
}

const opacities = { front: 1, within_noise: 0.35, dominated: 0 };

// A mark of one record. Hovering or focusing tells about it, following it leads to its row.
export function mark(parent, point, x, y, { standing = 'front', lines = [], series = point.series, colour = colourOf(series), size = 80 } = {}) {
  const link = parent.append('a').attr('class', 'mark').attr('href', `#r${point.id}`).attr('transform', `translate(${x},${y})`)
    .attr('data-standing', standing);
  link.append('path').attr('d', symbol(shapeOf(series), size)()).attr('fill', 'var(--paper)');
  link.append('path').attr('d', symbol(shapeOf(series), size)()).attr('stroke', colour).attr('fill', colour).attr('fill-opacity', opacities[standing]);
  tip(link.node(), point, lines);
  return link;
}

export function horizontalBar(parent, x, y, interval, colour) {
  if (!interval || interval.low === undefined || interval.high === undefined || interval.low === interval.high) return;
  const [low, high] = [x(interval.low), x(interval.high)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) return;
  parent.append('path').attr('class', 'bar').attr('stroke', colour).attr('fill', 'none')
    .attr('d', `M${low},${y - 4}v8M${low},${y}H${high}M${high},${y - 4}v8`);
}

export function verticalBar(parent, x, y, { low, high }, colour) {
  if (low === undefined || high === undefined || low === high || low <= 0) return;
  parent.append('path').attr('class', 'bar').attr('stroke', colour).attr('fill', 'none')
    .attr('d', `M${x - 4},${y(low)}h8M${x},${y(low)}V${y(high)}M${x - 4},${y(high)}h8`);
}

// Labels beside marks. Items are {x, y, text}; every item is also an obstacle, as are the boxes in `taken` and, where possible, `lines`.
// Of several items of one text the first is labelled.
export function label(f, items, { taken = [], lines = [] } = {}) {
  const texts = new Set();
  const labelled = items.filter(({ text }) => !texts.has(text) && texts.add(text));
  const marks = items.map(({ x, y }) => ({ x: x - 7, y: y - 7, width: 14, height: 14 }));
  const area = { x: 2, y: -f.margin.top + 2, width: f.width + f.margin.right - 4, height: f.height + f.margin.top - 2 };
  const layer = f.plot.append('g');
  for (const { x, y, text, box, leader } of placeLabels(labelled, [...marks, ...taken, f.title], lines, area)) {
    if (!box) continue;
    if (leader) layer.append('line').attr('class', 'leader').attr('x1', x).attr('y1', y).attr('x2', leader.x).attr('y2', leader.y);
    layer.append('rect').attr('class', 'ground').attr('x', box.x).attr('y', box.y).attr('width', box.width).attr('height', box.height);
    layer.append('text').attr('class', 'label').attr('x', box.x + 2).attr('y', box.y + 11).text(text);
  }
}
