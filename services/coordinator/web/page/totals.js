// SPDX-License-Identifier: Apache-2.0
// What the sites of a model add up to: one line per operator and conditions, against MatMul at the same sites.
import { h } from './dom.js';
import { seconds, times } from './format.js';

function add(total, row, field, matmul) {
  total[field] += row.median * row.calls[field];
  total.matmul[field] += matmul.median * row.calls[field];
}

// Totals over sites whose MatMul has been measured, too; a site counts once per operator and conditions.
export function modelTotals(rows) {
  const good = rows.filter((row) => row.outcome === 'ok' && row.site && row.calls.model > 0);
  const baselines = new Map(good.filter((row) => row.baseline).map((row) => [row.group, row]));
  const totals = new Map();
  for (const row of good) {
    const matmul = baselines.get(row.group);
    if (!matmul) continue;
    const key = [row.operator, row.askedSharding, row.conditions].join('|');
    if (!totals.has(key)) {
      totals.set(key, { row, sites: [], layer: 0, model: 0, matmul: { layer: 0, model: 0 } });
    }
    const total = totals.get(key);
    if (total.sites.includes(row.site)) continue;
    total.sites.push(row.site);
    add(total, row, 'layer', matmul);
    add(total, row, 'model', matmul);
  }
  return [...totals.values()];
}

export function totalsTable(rows, colour) {
  const totals = modelTotals(rows);
  if (!totals.some((total) => total.sites.length > 1)) return null;
  const line = ({ row, sites, layer, model, matmul }) => h('tr', { class: row.baseline ? 'baseline' : '' },
    h('th', { scope: 'row' }, h('i', { class: 'dot', '--colour': colour(row) }), h('code', {}, row.operator), h('small', {}, row.askedSharding)),
    h('td', {}, sites.join(', '), h('small', {}, row.conditions)),
    h('td', { class: 'n' }, layer > 0 ? seconds(layer) : '–'),
    h('td', { class: 'n' }, h('b', {}, seconds(model))),
    h('td', { class: 'n' }, seconds(matmul.model)),
    h('td', { class: 'n' }, h('b', {}, times(matmul.model / model))));
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Totals over the model' },
    h('table', { class: 'totals' },
      h('caption', {}, 'Time of one forward pass in these sites, by operator'),
      h('thead', {}, h('tr', {}, ['Operator', 'In place of MatMul at', 'One layer', 'Whole model', 'MatMul there', 'Speed-up']
        .map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, totals.map(line))));
}
