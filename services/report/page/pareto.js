// SPDX-License-Identifier: Apache-2.0
import { scaleLinear } from 'd3-scale';
import { curveStepAfter, line } from 'd3-shape';
import { drawAxes, frame, horizontalBar, label, mark, scaleFor } from './chart.js';
import { axes, colourOf, command, data, namer, ranked } from './data.js';
import { choice, element, figure, nothing } from './dom.js';
import { percent } from './format.js';
import { along } from './labels.js';

const gains = { arbitrary: 'an arbitrary target', fast: 'targets with a fast algorithm or a structure' };
const state = { group: data.headline ?? 0, axis: data.axis, gain: 'arbitrary' };

function why(group) {
  const { axis, gain } = state;
  const some = group.points.map((id) => data.points[id]).filter(ranked);
  if (some.length === 0) return 'No record of this group can be ranked; the table below says why.';
  if (!some.some((point) => point[`captured_${gain}`] !== undefined)) {
    return 'These records carry no change-of-basis score, so there is nothing to set against the cost. A job submitted with --expressiveness adds it.';
  }
  return `${axes[axis].name} was not measured for these records.`;
}

// Ranked operators of a group that are not on its chart, each with why.
function missing(group, shown) {
  const drawn = new Set(shown.map(({ point }) => point.series));
  const left = new Map();
  for (const point of group.points.map((id) => data.points[id])) {
    if (ranked(point) && !drawn.has(point.series)) left.set(point.series, point.score_note ?? 'no score, or no such cost');
  }
  return [...left].map(([series, note]) => `${series} (${note})`).join(', ');
}

// Marks in the order of their cost, front first so that its labels choose their places first.
function marksOf(group) {
  const { axis, gain } = state;
  return group.points.map((id) => data.points[id])
    .filter((point) => point.cost[axis] && point[`captured_${gain}`] !== undefined && point.standing[axis]?.[gain] !== 'absent')
    .map((point) => ({ point, cost: point.cost[axis], gain: point[`captured_${gain}`], standing: point.standing[axis][gain] }))
    .sort((a, b) => (a.standing !== 'front') - (b.standing !== 'front') || a.cost.value - b.cost.value);
}

function draw(host) {
  const group = data.groups[state.group];
  const shown = marksOf(group);
  const said = command([`--x ${state.axis}`, `--tokens ${group.tokens}`, '-o csv']);
  if (shown.length === 0) { nothing(host, why(group)); return said; }
  const f = frame(host, 380, { top: 34, right: 70, bottom: 48, left: 52 }, `Captured energy against ${axes[state.axis].name}, ${group.label}`);
  const x = scaleFor(shown.flatMap(({ cost }) => [cost.value, cost.low ?? cost.value, cost.high ?? cost.value]), [0, f.width], 1.6);
  const y = scaleLinear([-0.09, 1.04], [f.height, 0]);
  drawAxes(f, { x, y, xTitle: axes[state.axis].title(group), yTitle: `captured energy of ${gains[state.gain]}`, xText: axes[state.axis].text,
    yText: (share) => `${Math.round(share * 100)} %`, yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1] });
  const front = shown.filter(({ standing }) => standing === 'front');
  f.plot.append('path').attr('class', 'front').attr('d', line().x(({ cost }) => x(cost.value)).y(({ gain }) => y(gain)).curve(curveStepAfter)(front));
  const name = namer(shown.map(({ point }) => point));
  for (const { point, cost, gain, standing } of shown) {
    const colour = colourOf(point.series);
    horizontalBar(f.plot, x, y(gain), cost, colour);
    mark(f.plot, point, x(cost.value), y(gain), { standing, lines: [
      `captures ${percent(point.captured_arbitrary)} of an arbitrary target, ${percent(point.captured_fast)} of the others${point.score_n ? `, scored at n = ${point.score_n}` : ''}`] });
  }
  const steps = front.flatMap(({ cost, gain }, i) => [...(i ? [[x(cost.value), y(front[i - 1].gain)]] : []), [x(cost.value), y(gain)]]);
  label(f, shown.map(({ point, cost, gain }) => ({ x: x(cost.value), y: y(gain), text: `${name(point)} ${percent(gain)}` })), { lines: along(steps) });
  const left = missing(group, shown);
  if (left) host.append(element('p', { class: 'quiet' }, `Not on this chart: ${left}.`));
  return said;
}

export function pareto() {
  return figure('pareto', (redraw) => [
    choice('shape', data.groups.map(({ id, label: text }) => [String(id), text]), String(state.group), (value) => { state.group = +value; redraw(); }),
    choice('against', Object.entries(axes).map(([key, { name }]) => [key, name]), state.axis, (value) => { state.axis = value; redraw(); }),
    choice('of', Object.entries(gains), state.gain, (value) => { state.gain = value; redraw(); }),
  ], draw);
}
