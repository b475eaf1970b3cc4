// SPDX-License-Identifier: Apache-2.0
// The document the program computed, and how its parts are named and coloured. Nothing is computed from measurements here.
import { symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbolWye } from 'd3-shape';
import { bytes, flops, joules, seconds } from './format.js';

export const data = JSON.parse(document.getElementById('data').textContent);
data.points.forEach((point, id) => { point.id = id; });
data.groups.forEach((group, id) => { group.id = id; });

export const axes = {
  seconds: { title: () => 'time per iteration (s, median)', text: seconds, name: 'time' },
  flops: { title: () => 'executed FLOPs per iteration', text: flops, name: 'FLOPs' },
  memory: { title: (group) => `memory traffic per iteration (bytes, ${group.memory_basis})`, text: bytes, name: 'memory' },
  wire: { title: () => 'bytes on the wire per iteration, all ranks', text: bytes, name: 'wire' },
  joules: { title: () => 'energy per iteration (J)', text: joules, name: 'energy' },
};

const shapes = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolCross, symbolStar, symbolWye];
const names = [...new Set(data.points.map((point) => point.series))].sort((a, b) => (b === 'matmul') - (a === 'matmul') || (a < b ? -1 : 1));
// Seven colours and seven shapes; each round pairs them anew, so that 49 series differ in one of the two.
export const colourOf = (series) => `var(--mark-${names.indexOf(series) % shapes.length})`;
export const shapeOf = (series) => shapes[(names.indexOf(series) + Math.floor(names.indexOf(series) / shapes.length)) % shapes.length];

export const ranked = (point) => !point.excluded;
export const ranksText = (ranks) => `${ranks} ${ranks === 1 ? 'rank' : 'ranks'}`;

export const alternative = (point) => point.name !== data.groups[point.group].dense;

// The series, with its sharding and the end of its job where the points at hold differ in them.
export function namer(points) {
  const several = (key, value) => {
    const values = new Map();
    for (const point of points) values.set(key(point), (values.get(key(point)) ?? new Set()).add(value(point)));
    return (point) => values.get(key(point)).size > 1;
  };
  const shardings = several(({ series }) => series, ({ sharding }) => sharding);
  const jobs = several(({ series, sharding }) => JSON.stringify([series, sharding]), ({ job }) => job);
  return (point) => [point.series, shardings(point) && point.sharding, jobs(point) && `\u2026${point.job.slice(-4)}`].filter(Boolean).join(' ');
}

// The command whose output holds the numbers of a figure.
export function command(extra) {
  const jobs = (data.conditions.jobs ?? []).filter((job) => /^[\w-]+$/.test(job));
  return ['basisbench frontier', ...(jobs.length ? jobs : ['JOB']), ...extra].join(' ');
}
