// SPDX-License-Identifier: Apache-2.0
// Records and endings that the coordinator has not acknowledged yet, in memory and in a spool
// directory, so that they survive a coordinator that is away and a daemon that is killed.
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

class Outbox {
 public:
  // Loads what an earlier process left. Unreadable files are removed.
  explicit Outbox(std::string spool_directory);

  // Kept from here on. A spool that cannot be written is logged; the message is then held in memory
  // alone.
  v1::AttachRequest AddResult(const std::string& attempt_id, const v1::CaseResult& result);
  v1::AttachRequest AddFinished(const v1::AttemptFinished& finished);

  // Forgets what is durable at the coordinator.
  void Acknowledge(const v1::Acknowledged& acknowledged);
  // Forgets the endings of attempts that the coordinator no longer knows; their records are still
  // offered.
  void KeepEndingsOf(const std::set<std::string>& attempts);

  // In the order to be sent: records by attempt and case, each attempt's ending after its records.
  std::vector<v1::AttachRequest> Pending() const;
  // Attempts whose ending is not acknowledged.
  std::vector<std::string> EndedAttempts() const;

 private:
  // Endings sort after every case.
  using Key = std::pair<std::string, uint64_t>;

  v1::AttachRequest Add(const Key& key, v1::AttachRequest message);
  void Forget(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string PathOf(const Key& key) const;

  const std::string directory_;
  mutable absl::Mutex mutex_;
  std::map<Key, v1::AttachRequest> messages_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
