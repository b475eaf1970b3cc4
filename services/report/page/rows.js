// SPDX-License-Identifier: Apache-2.0
// Charts with one row per item: crossovers, scaling, errors. Row names stand on the left, or above the row where there is no room.
import { scaleLinear, scaleLog } from 'd3-scale';
import { drawAxes, frame, horizontalBar, mark, scaleFor, wide } from './chart.js';
import { colourOf, command, data, namer, ranksText } from './data.js';
import { choice, figure, nothing } from './dom.js';
import { bytes, count, flops, scientific, seconds } from './format.js';
import { widthOf } from './labels.js';

// Frame and row names, with what each row amounts to on the right or behind its name; returns the frame and the middle of each row.
function rowFrame(host, names, notes, rowHeight, description) {
  const beside = wide(host);
  const right = beside && notes.length > 0 ? Math.max(...notes.map((note) => widthOf(note))) + 20 : 24;
  const left = beside ? Math.min(Math.max(...names.map((name) => widthOf(name))) + 16, host.clientWidth * 0.4) : 10;
  const step = beside ? rowHeight : rowHeight + 15;
  const f = frame(host, names.length * step + 60, { top: 10, right, bottom: 50, left }, description);
  const middle = (i) => i * step + (beside ? rowHeight / 2 : rowHeight / 2 + 15);
  names.forEach((name, i) => {
    f.plot.append('text').attr('class', 'label').attr('x', beside ? -10 : 0).attr('y', beside ? middle(i) + 4 : i * step + 13)
      .attr('text-anchor', beside ? 'end' : 'start').text(beside || !notes[i] ? name : `${name}: ${notes[i]}`);
    if (beside && notes[i]) f.plot.append('text').attr('class', 'label').attr('x', f.width + 12).attr('y', middle(i) + 4).text(notes[i]);
  });
  return { f, middle };
}

const rowAxes = (f, x, xTitle, xText, xTicks) => drawAxes(f, { x, y: scaleLinear([0, 1], [f.height, 0]), xTitle, yTitle: '', xText, yText: () => '', xTicks, yTicks: [] });

// --- crossovers

const crossoverState = { along: 'n', where: '' };
const whereOf = ({ dtype, ranks }) => `${dtype}, ${ranksText(ranks)}`;

const sizeText = (value, outside) => (value === undefined ? outside : count(value));

function noteOf({ kind, at, low, high, has_interval: known, smallest, largest }) {
  const interval = known ? ` [${sizeText(low, `\u2264${count(smallest)}`)}, ${sizeText(high, `>${count(largest)}`)}]` : '';
  return { always: 'everywhere', never: 'not reached', from: `from ${count(at)}${interval}`, until: `up to ${count(at)}${interval}` }[kind] ?? 'one size only';
}

function drawCrossovers(host) {
  const { along, where } = crossoverState;
  const name = namer(data.crossovers);
  const shown = data.crossovers.filter((found) => found.along === along && whereOf(found) === where);
  if (shown.length === 0) { nothing(host, `No operator was compared with MatMul at two values of ${along} here.`); return ''; }
  const names = shown.map((found) => `${name(found)}, ${along === 'n' ? `${found.fixed} ${found.fixed === 1 ? 'token' : 'tokens'}` : `n = ${found.fixed}`}`);
  const { f, middle } = rowFrame(host, names, shown.map(noteOf), 24, `Crossover along ${along}, ${where}`);
  const sizes = [...new Set(shown.flatMap((found) => found.points.map((id) => data.points[id][along === 'n' ? 'd_in' : 'tokens'])))].sort((a, b) => a - b);
  const x = scaleLog([sizes[0] / 1.1, sizes[sizes.length - 1] * 1.1], [0, f.width]);
  rowAxes(f, x, along === 'n' ? 'n (square shapes)' : 'tokens', count, sizes.filter((size, i) => i === 0 || x(size) - x(sizes[0]) > 34 * i * 0.6));
  shown.forEach((found, i) => {
    const y = middle(i);
    const colour = colourOf(found.series);
    const part = (from, to, name_) => f.plot.append('line').attr('class', name_).attr('x1', x(from)).attr('x2', x(to)).attr('y1', y).attr('y2', y);
    part(found.smallest, found.largest, 'track');
    const [from, to] = { always: [found.smallest, found.largest], from: [found.at, found.largest], until: [found.smallest, found.at] }[found.kind] ?? [];
    if (from) part(from, to, 'faster').attr('stroke', colour);
    if (found.has_interval && found.at) horizontalBar(f.plot, x, y, { low: found.low ?? found.smallest, high: found.high ?? found.largest }, colour);
    const standing = found.kind === 'never' ? 'dominated' : 'front';
    const place = found.at ?? (found.kind === 'never' ? found.largest : found.smallest);
    mark(f.plot, data.points[found.points[found.points.length - 1]], x(place), y, { standing, size: 60, lines: [found.text, ...found.points.map((id) => {
      const point = data.points[id];
      return `${along} = ${along === 'n' ? point.d_in : point.tokens}: ${count(point.speedup)}×`;
    })] });
  });
  return command(['-o json']);
}

export function crossover() {
  const places = [...new Set(data.crossovers.map(whereOf))];
  crossoverState.where = places[0] ?? '';
  return figure('crossover', (redraw) => [
    choice('along', [['n', 'n, at fixed tokens'], ['tokens', 'tokens, at fixed n']], 'n', (value) => { crossoverState.along = value; redraw(); }),
    choice('of', places.map((text) => [text, text]), places[0], (value) => { crossoverState.where = value; redraw(); }),
  ], drawCrossovers);
}

// --- scaling

let scalingPlace = '';

function drawScaling(host) {
  const rows = data.scaling.map((row) => ({ ...row, own: data.points[row.point] })).filter(({ own }) => data.groups[own.group].place === scalingPlace
    && data.scaling.some((other) => data.points[other.point].series === own.series && data.points[other.point].sharding === own.sharding && data.points[other.point].ranks > 1))
    .filter(({ own, compute_seconds_saved: saved }) => own.ranks > 0 && saved !== undefined)
    .sort((a, b) => a.own.series.localeCompare(b.own.series) || a.own.sharding.localeCompare(b.own.sharding) || a.own.ranks - b.own.ranks);
  if (rows.length === 0) { nothing(host, 'No operator was measured beside MatMul on several ranks.'); return ''; }
  const name = namer(rows.map(({ own }) => own));
  const names = rows.map(({ own }) => `${name(own)}, ${ranksText(own.ranks)}`);
  const { f, middle } = rowFrame(host, names, [], 30, `Arithmetic saved and communication added, ${scalingPlace}`);
  const values = rows.flatMap((row) => [row.compute_seconds_saved, row.communication_seconds_added ?? 0]);
  const textRoom = 120;
  const x = scaleLinear([Math.min(0, ...values), Math.max(0, ...values) || 1], [4, f.width - textRoom]);
  rowAxes(f, x, 'seconds per iteration', seconds, x.ticks(Math.max(3, Math.floor(f.width / 110))));
  f.plot.append('line').attr('class', 'even').attr('x1', x(0)).attr('x2', x(0)).attr('y2', f.height);
  rows.forEach((row, i) => {
    const colour = colourOf(row.own.series);
    const bar = (value, y, filled, text) => {
      const [from, to] = [x(Math.min(0, value)), x(Math.max(0, value))];
      f.plot.append('rect').attr('x', from).attr('width', Math.max(0.5, to - from)).attr('y', y).attr('height', 9).attr('stroke', colour)
        .attr('fill', filled ? colour : 'none').attr('stroke-dasharray', filled ? null : '3 2');
      f.plot.append('text').attr('class', 'label').style('font-size', '11px').attr('x', to + 8).attr('y', y + 8.5).text(text);
    };
    const added = row.communication_seconds_added;
    bar(row.compute_seconds_saved, middle(i) - 11, true, `${seconds(row.compute_seconds_saved)} saved`);
    bar(added ?? 0, middle(i) + 1, false, added === undefined ? 'not measured apart' : added === 0 ? 'none added' : `${seconds(added)} added`);
    mark(f.plot, row.own, x(0), middle(i) - 1, { size: 40, lines: [`saves ${flops(row.flops_saved)}, adds ${bytes(row.wire_bytes_added)} on the wire`, `saves ${seconds(row.seconds_saved)} in all`] });
  });
  return command(['-o json']);
}

export function scaling() {
  const several = new Set(data.scaling.map(({ point }) => data.points[point]).filter((point) => point.ranks > 1).map((point) => data.groups[point.group].place));
  const sizeOf = (place) => { const group = data.groups.find((each) => each.place === place); return group.tokens * group.d_in * group.d_out; };
  const moving = new Set(data.scaling.filter((row) => row.wire_bytes_added !== 0).map(({ point }) => data.groups[data.points[point].group].place));
  const places = [...several].sort((a, b) => moving.has(b) - moving.has(a) || sizeOf(b) - sizeOf(a));
  [scalingPlace = ''] = places;
  return figure('scaling', (redraw) => (places.length ? [choice('shape', places.map((text) => [text, text]), scalingPlace, (value) => { scalingPlace = value; redraw(); })] : []), drawScaling);
}

// --- errors

function drawErrors(host) {
  const shown = data.errors.filter(({ largest }) => largest > 0);
  if (shown.length === 0) { nothing(host, 'No ranked record has an error other than 0.'); return ''; }
  const { f, middle } = rowFrame(host, shown.map(({ series, dtype }) => `${series} ${dtype}`), shown.map(({ largest }) => `at most ${scientific(largest)}`), 24, 'Relative error by operator and type');
  const x = scaleFor(shown.flatMap(({ smallest, median, largest }) => [smallest, median, largest]).filter((value) => value > 0), [0, f.width], 2);
  rowAxes(f, x, 'relative error', scientific);
  shown.forEach(({ series, dtype, smallest, median, largest, records, worst }, i) => {
    const shift = Math.max(x.domain()[0], smallest);
    horizontalBar(f.plot, x, middle(i), { low: shift, high: largest }, colourOf(series));
    mark(f.plot, data.points[worst], x(Math.max(x.domain()[0], median)), middle(i), { standing: dtype === 'f32' ? 'front' : 'dominated', lines: [
      `${records} records in ${dtype}: ${scientific(smallest)} to ${scientific(largest)}, median ${scientific(median)}; this is the largest`] });
  });
  return command(['-o json']);
}

export const errors = () => figure('error', () => [], drawErrors);
