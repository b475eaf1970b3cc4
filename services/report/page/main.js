// SPDX-License-Identifier: Apache-2.0
// The report: draws the document it was given, and draws it again when the width changes.
import { command, data, ranked } from './data.js';
import { element } from './dom.js';
import { pareto } from './pareto.js';
import { crossover, errors, scaling } from './rows.js';
import { roofline, speedup } from './sweep.js';
import { table } from './table.js';

function conditions() {
  const list = element('dl');
  for (const [what, values] of Object.entries(data.conditions)) list.append(element('dt', {}, what), element('dd', {}, values.join(', ')));
  document.getElementById('conditions').append(list,
    element('p', {}, 'This report is made again by ', element('code', {}, command(['--html report.html'])), '; each record by the command in its row.'));
}

function subtitle() {
  const { machines = [], measured = [], jobs = [] } = data.conditions;
  document.getElementById('subtitle').textContent = [machines.join(', '), `${data.points.filter(ranked).length} of ${data.points.length} records ranked`,
    `${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}`, ...measured].filter(Boolean).join(' · ');
}

subtitle();
document.getElementById('warnings').append(...data.warnings.map((text) => element('li', {}, text)));
table();
conditions();
const figures = [pareto, roofline, speedup, crossover, scaling, errors].map((make) => make());

let drawn = innerWidth;
addEventListener('resize', () => requestAnimationFrame(() => {
  if (innerWidth === drawn) return;
  drawn = innerWidth;
  figures.forEach((redraw) => redraw());
}));
document.documentElement.dataset.drawn = 'true';
