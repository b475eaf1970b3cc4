// SPDX-License-Identifier: Apache-2.0
// The header's state of the cluster, the list of jobs and the list of workers.
import { h } from './dom.js';
import { DASH, ago, bytes, number, span, word } from './format.js';
import { elapsed, ended, eta, stateOf, summary } from './model.js';

export function progressBar(job, label) {
  const share = job.cases_total > 0 ? job.cases_done / job.cases_total : 0;
  return h('div', { class: 'progress', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': job.cases_total,
    'aria-valuenow': job.cases_done, 'data-state': stateOf(job) }, h('i', { '--share': `${share * 100}%` }));
}

export const stateBadge = (job) => h('span', { class: 'state', 'data-state': stateOf(job) }, stateOf(job));

function jobItem(job, state) {
  const left = eta(job, state.job?.id === job.id ? state.progress : undefined);
  const time = ended(job) ? '' : Number.isFinite(left) ? `about ${span(left)} left` : '';
  const when = ended(job) ? ago(job.end_time) : stateOf(job) === 'queued' ? `queued ${ago(job.submit_time)}` : '';
  return h('li', {},
    h('a', { href: `#job=${encodeURIComponent(job.id)}`, class: 'card', 'data-key': job.id, 'aria-current': state.selected === job.id ? 'true' : undefined },
      h('span', { class: 'top' }, h('b', {}, job.spec?.name || job.id), stateBadge(job)),
      h('span', { class: 'sub' }, summary(job.spec)),
      progressBar(job, `${job.spec?.name || job.id}: cases done`),
      h('span', { class: 'foot' }, h('span', {}, `${job.cases_done} / ${job.cases_total} cases`), h('span', {}, [time, when].filter(Boolean).join(' · ')))));
}

export function jobList(state) {
  if (!state.jobs.length) return h('li', { class: 'empty' }, state.ready ? 'No job yet.' : '…');
  return state.jobs.map((job) => jobItem(job, state));
}

export function workerList(state) {
  if (!state.workers.length) return h('li', { class: 'empty' }, state.ready ? 'No worker has attached yet.' : '…');
  return state.workers.map((worker) => {
    const inventory = worker.inventory ?? {};
    const used = worker.slots > 0 ? worker.slots_used / worker.slots : 0;
    const gpus = inventory.gpus?.length ? `${inventory.gpus.length} × ${inventory.gpus[0].name}` : '';
    return h('li', { class: 'worker', 'data-state': word(worker.state, 'WORKER_STATE_') },
      h('span', { class: 'top' }, h('i', { class: 'lamp' }), h('b', {}, worker.name),
        h('span', { class: 'slots' }, `${worker.slots_used} / ${worker.slots} slots`)),
      h('div', { class: 'meter', role: 'meter', 'aria-label': `${worker.name}: slots used`, 'aria-valuemin': 0, 'aria-valuemax': worker.slots, 'aria-valuenow': worker.slots_used },
        h('i', { '--share': `${used * 100}%` })),
      h('span', { class: 'sub' }, [word(worker.state, 'WORKER_STATE_'), `${inventory.cpus?.length ?? 0} CPUs`,
        bytes(number(inventory.memory_bytes)), gpus].filter(Boolean).join(' · ')),
      h('span', { class: 'sub' }, (worker.backends ?? []).join(', ') || DASH),
      h('span', { class: 'sub dim', title: inventory.cpu_model }, inventory.cpu_model || DASH));
  });
}

export function clusterState(state) {
  if (!state.ready) return [];
  const count = (name) => state.workers.filter((worker) => word(worker.state, 'WORKER_STATE_') === name).length;
  const attached = state.workers.filter((worker) => word(worker.state, 'WORKER_STATE_') !== 'disconnected');
  const slots = attached.reduce((total, worker) => total + worker.slots, 0);
  const used = attached.reduce((total, worker) => total + worker.slots_used, 0);
  const lost = count('disconnected');
  const jobs = (name) => state.jobs.filter((job) => stateOf(job) === name).length;
  const fact = (value, name, tone) => h('span', { class: 'fact', 'data-tone': tone }, h('b', {}, value), ` ${name}`);
  return [
    fact(count('ready'), 'ready', count('ready') > 0 ? 'good' : 'bad'),
    lost > 0 ? fact(lost, 'disconnected', 'bad') : null,
    fact(`${used}/${slots}`, 'slots used'),
    fact(jobs('running'), 'running', jobs('running') > 0 ? 'live' : undefined),
    fact(jobs('queued'), 'queued'),
  ];
}
