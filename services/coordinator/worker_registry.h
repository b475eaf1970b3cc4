// SPDX-License-Identifier: Apache-2.0
// What the coordinator knows of each worker, and the catalogue that follows from all of them. Not
// thread-safe: the director owns it behind its mutex; the catalogue it hands out is immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "basisbench/v1/worker.pb.h"
#include "services/coordinator/case_checker.h"
#include "services/coordinator/catalogue.h"
#include "services/coordinator/worker_link.h"

namespace basisbench {

struct WorkerRecord {
  v1::Register registration;  // without its catalogue
  std::string catalogue;      // serialized; equal ones are shared by many workers
  std::string build;          // of its runner
  std::vector<std::string> backends;
  std::shared_ptr<WorkerLink> link;  // null while disconnected
  bool draining = false;
  absl::Time last_seen;

  bool Ready() const { return link != nullptr && !draining; }
};

// What submissions for one backend are checked against: the catalogue, the backends of all workers
// that are there, and the limits of those that offer the one.
struct ClusterView {
  std::shared_ptr<const Catalogue> catalogue;
  std::vector<std::string> backends;                           // sorted; without draining workers
  std::shared_ptr<const std::vector<WorkerCapacity>> workers;  // not draining ones
  CheckTarget checker;                                         // offers the backend
};

// INVALID_ARGUMENT naming the field.
absl::Status ValidateRegistration(const v1::Register& registration);

class WorkerRegistry {
 public:
  // nullptr when there is none of that name.
  WorkerRecord* Find(const std::string& worker);
  // Adds or replaces. True when the catalogue of all workers together has changed.
  bool Put(const v1::Register& registration, std::shared_ptr<WorkerLink> link, absl::Time now);
  void Remove(const std::string& worker);
  void MarkDraining(WorkerRecord& record);

  // The catalogue of a store, for the time before the first worker attaches.
  void Restore(const v1::OperatorCatalogue& catalogue);
  std::shared_ptr<const Catalogue> catalogue() const { return catalogue_; }

  // By name, a page at a time. `held` tells the attempts of a worker.
  absl::StatusOr<v1::ListWorkersResponse> List(
      const v1::ListWorkersRequest& request,
      const std::function<void(const std::string&, v1::WorkerInfo&)>& held) const;

  ClusterView View(const std::string& backend);

 private:
  using Capacities = std::map<std::string, std::shared_ptr<std::vector<WorkerCapacity>>>;
  // True when nobody else offers the worker's catalogue.
  bool Take(const std::string& worker);
  void Rebuild();
  const Capacities& CapacitiesNow();

  std::map<std::string, WorkerRecord> workers_;
  std::map<std::string, size_t>
      catalogues_;  // serialized, with the number of workers that offer it
  v1::OperatorCatalogue restored_;
  std::shared_ptr<const Catalogue> catalogue_ = std::make_shared<Catalogue>();
  std::optional<Capacities> capacities_;             // by backend; absent after a change
  std::map<std::string, std::string> last_checker_;  // by backend
};

}  // namespace basisbench
