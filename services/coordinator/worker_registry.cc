// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_registry.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "services/coordinator/did_you_mean.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

constexpr size_t kMaxName = 63;
constexpr size_t kMaxAddress = 253;
constexpr uint32_t kMaxSlots = 65'536;
constexpr uint32_t kMaxPage = 1000;
constexpr uint32_t kDefaultPage = 100;

bool IsWorkerName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

// mpirun separates hosts by commas and slots by a colon, and takes a word that begins with a hyphen
// for an option; nothing of a shell may pass either.
bool IsAddress(absl::string_view address) {
  return !address.empty() && address.size() <= kMaxAddress && address[0] != '-' &&
         std::all_of(address.begin(), address.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' ||
                  c == '%';
         });
}

// What its ranks may use together, of the memory they compute in; 0 when unknown.
int64_t MemoryOf(const WorkerRecord& record, const std::string& backend) {
  const v1::Inventory& inventory = record.registration.inventory();
  if (DeviceOf(backend) != kCudaDevice) return inventory.memory_bytes();
  int64_t bytes = 0;
  for (const v1::GpuInfo& gpu : inventory.gpus()) bytes += gpu.memory_bytes();
  return bytes;
}

v1::WorkerState StateOf(const WorkerRecord& record) {
  if (record.link == nullptr) return v1::WORKER_STATE_DISCONNECTED;
  return record.draining ? v1::WORKER_STATE_DRAINING : v1::WORKER_STATE_READY;
}

}  // namespace

absl::Status ValidateRegistration(const v1::Register& registration) {
  if (!IsWorkerName(registration.worker())) {
    return absl::InvalidArgumentError(
        absl::StrCat("register.worker: ", Quote(registration.worker()),
                     " is not 1 to 63 letters, digits, '.', '_' or '-'"));
  }
  if (!IsAddress(registration.address())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "register.address: ", Quote(registration.address()), " is not a host name or address"));
  }
  if (registration.slots() < 1 || registration.slots() > kMaxSlots) {
    return absl::InvalidArgumentError(
        absl::StrCat("register.slots: ", registration.slots(), " is not in 1..", kMaxSlots));
  }
  if (registration.launch_port() > 65'535 || registration.http_port() > 65'535) {
    return absl::InvalidArgumentError("register.launch_port, http_port: a port is at most 65535");
  }
  if (registration.incarnation().empty())
    return absl::InvalidArgumentError("register.incarnation: is empty");
  absl::Status catalogue = ValidateCatalogue(registration.catalogue());
  if (catalogue.ok()) catalogue = ValidateBackends(registration.catalogue());
  if (catalogue.ok()) return catalogue;
  return absl::InvalidArgumentError(absl::StrCat("register.", catalogue.message()));
}

WorkerRecord* WorkerRegistry::Find(const std::string& worker) {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? nullptr : &found->second;
}

bool WorkerRegistry::Put(const v1::Register& registration, std::shared_ptr<WorkerLink> link,
                         absl::Time now) {
  WorkerRecord record;
  record.registration = registration;
  record.catalogue = registration.catalogue().SerializeAsString();
  record.build = registration.catalogue().build();
  record.backends = {registration.catalogue().backends().begin(),
                     registration.catalogue().backends().end()};
  record.registration.clear_catalogue();
  record.registration.clear_attempts();
  record.link = std::move(link);
  record.last_seen = now;
  bool changed = Take(registration.worker());
  capacities_.reset();
  changed = ++catalogues_[record.catalogue] == 1 || changed;
  workers_[registration.worker()] = std::move(record);
  if (changed) Rebuild();
  return changed;
}

void WorkerRegistry::Remove(const std::string& worker) {
  // What was seen last is remembered while nobody is there.
  if (Take(worker) && !catalogues_.empty()) Rebuild();
}

bool WorkerRegistry::Take(const std::string& worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return false;
  const auto offered = catalogues_.find(found->second.catalogue);
  workers_.erase(found);
  capacities_.reset();
  if (--offered->second > 0) return false;
  catalogues_.erase(offered);
  return true;
}

void WorkerRegistry::MarkDraining(WorkerRecord& record) {
  record.draining = true;
  capacities_.reset();
}

void WorkerRegistry::Restore(const v1::OperatorCatalogue& catalogue) {
  restored_ = catalogue;
  Rebuild();
}

void WorkerRegistry::Rebuild() {
  auto merged = std::make_shared<Catalogue>();
  if (catalogues_.empty()) MergeInto(*merged, restored_);
  for (const auto& [bytes, count] : catalogues_) {
    v1::OperatorCatalogue catalogue;
    if (catalogue.ParseFromString(bytes)) MergeInto(*merged, catalogue);
  }
  catalogue_ = std::move(merged);
}

absl::StatusOr<v1::ListWorkersResponse> WorkerRegistry::List(
    const v1::ListWorkersRequest& request,
    const std::function<void(const std::string&, v1::WorkerInfo&)>& held) const {
  if (request.page_size() > kMaxPage) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", request.page_size(), " is more than ", kMaxPage));
  }
  const uint32_t limit = request.page_size() == 0 ? kDefaultPage : request.page_size();
  v1::ListWorkersResponse response;
  for (auto at = workers_.upper_bound(request.page_token()); at != workers_.end(); ++at) {
    if (response.workers_size() == static_cast<int>(limit)) {
      response.set_next_page_token(response.workers(response.workers_size() - 1).name());
      break;
    }
    const auto& [name, record] = *at;
    v1::WorkerInfo& info = *response.add_workers();
    info.set_name(name);
    info.set_state(StateOf(record));
    info.set_address(record.registration.address());
    info.set_slots(record.registration.slots());
    *info.mutable_inventory() = record.registration.inventory();
    *info.mutable_last_seen() = TimestampFromNanos(ToNanos(record.last_seen));
    info.set_version(record.registration.version());
    info.set_http_port(record.registration.http_port());
    *info.mutable_backends() = {record.backends.begin(), record.backends.end()};
    held(name, info);
  }
  return response;
}

const WorkerRegistry::Capacities& WorkerRegistry::CapacitiesNow() {
  if (capacities_.has_value()) return *capacities_;
  capacities_.emplace();
  for (const auto& [name, record] : workers_) {
    if (record.draining) continue;
    for (const std::string& backend : record.backends) {
      auto& workers = (*capacities_)[backend];
      if (workers == nullptr) workers = std::make_shared<std::vector<WorkerCapacity>>();
      workers->push_back({record.registration.slots(), MemoryOf(record, backend)});
    }
  }
  return *capacities_;
}

ClusterView WorkerRegistry::View(const std::string& backend) {
  ClusterView view;
  view.catalogue = catalogue_;
  view.workers = std::make_shared<std::vector<WorkerCapacity>>();
  for (const auto& [name, workers] : CapacitiesNow()) {
    view.backends.push_back(name);
    if (name == backend) view.workers = workers;
  }
  // Questions go round, so that no runner is asked by everybody.
  std::string& last = last_checker_[backend];
  auto at = workers_.upper_bound(last);
  for (size_t i = 0; i < workers_.size(); ++i, ++at) {
    if (at == workers_.end()) at = workers_.begin();
    if (!at->second.Ready() || !absl::c_linear_search(at->second.backends, backend)) continue;
    last = at->first;
    view.checker = {at->first, at->second.build, at->second.link};
    break;
  }
  return view;
}

}  // namespace basisbench
