// SPDX-License-Identifier: Apache-2.0
// Every record. Headings sort, numbers by value and what is absent last.
import { axes, data } from './data.js';
import { element } from './dom.js';
import { interval, percent, scientific, times } from './format.js';

const standings = { front: 'on the front', within_noise: 'within noise', dominated: 'beaten', absent: '' };
const cost = (axis) => ({ head: axes[axis].name, number: true, value: (point) => point.cost[axis]?.value, text: (point) => (point.cost[axis] ? interval(point.cost[axis], axes[axis].text) : '') });
const columns = [
  { head: 'job', value: (point) => point.job },
  { head: 'case', number: true, value: (point) => point.index },
  { head: 'operator', value: (point) => point.operator },
  { head: 'sharding', value: (point) => point.sharding },
  { head: 'shape', value: (point) => point.d_in * 1e9 + point.tokens, text: (point) => point.shape },
  { head: 'type', value: (point) => point.dtype },
  { head: 'ranks', number: true, value: (point) => point.ranks },
  ...['seconds', 'flops', 'memory', 'wire', 'joules'].map(cost).filter(({ value }) => data.points.some((point) => value(point) !== undefined)),
  { head: 'arbitrary', number: true, value: (point) => point.captured_arbitrary, text: (point) => percent(point.captured_arbitrary) },
  { head: 'fast', number: true, value: (point) => point.captured_fast, text: (point) => percent(point.captured_fast) },
  { head: 'front by time', value: (point) => standings[point.standing.seconds?.arbitrary] ?? '' },
  { head: 'against MatMul', number: true, value: (point) => point.speedup,
    text: (point) => (point.baseline ? 'baseline' : interval({ value: point.speedup, low: point.speedup_low, high: point.speedup_high }, times)) },
  { head: 'bound', number: true, value: (point) => data.groups[point.group].speedup_bound, text: (point) => times(data.groups[point.group].speedup_bound) },
  { head: 'error', number: true, value: (point) => point.relative_error, text: (point) => scientific(point.relative_error) },
  { head: 'ranked', kind: 'wide', value: (point) => point.excluded || 'yes' },
  { head: 'command', kind: 'command', value: (point) => point.reproduce },
];

const textOf = (column, point) => (column.text ?? column.value)(point) ?? '';

function rowOf(point) {
  return element('tr', { id: `r${point.id}`, class: point.excluded ? 'out' : undefined, tabindex: '-1' }, ...columns.map((column) => {
    const text = String(textOf(column, point));
    return element('td', { class: column.number ? 'number' : column.kind }, column.kind === 'command' ? element('code', {}, text) : text);
  }));
}

function compare(a, b) {
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  if (typeof a === 'number') return a - b;
  return a < b ? -1 : a > b ? 1 : 0;
}

export function table() {
  const rows = data.points.map((point) => ({ point, row: rowOf(point) }));
  const body = element('tbody', {}, ...rows.map(({ row }) => row));
  const heads = columns.map((column) => {
    const head = element('th', { scope: 'col', class: column.number ? 'number' : column.kind }, element('button', { type: 'button', onclick: () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const valued = (value) => (value === undefined ? 1 : 0);
      rows.sort((a, b) => {
        const [x, y] = [column.value(a.point), column.value(b.point)];
        return valued(x) - valued(y) || (down ? compare(y, x) : compare(x, y)) || a.point.id - b.point.id;
      });
      body.replaceChildren(...rows.map(({ row }) => row));
    } }, column.head));
    return head;
  });
  document.getElementById('records').append(element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Records' },
    element('table', {}, element('thead', {}, element('tr', {}, ...heads)), body)));
}
