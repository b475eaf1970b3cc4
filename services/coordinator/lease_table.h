// SPDX-License-Identifier: Apache-2.0
// Deadlines by name, earliest first. Pure; one owner. Every operation is O(log n).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace basisbench {

class LeaseTable {
 public:
  // Sets or moves the deadline of a name.
  void Set(const std::string& name, absl::Time deadline) {
    Remove(name);
    deadlines_[name] = deadline;
    order_.emplace(deadline, name);
  }

  void Remove(const std::string& name) {
    const auto found = deadlines_.find(name);
    if (found == deadlines_.end()) return;
    order_.erase({found->second, name});
    deadlines_.erase(found);
  }

  // Removes and returns the names whose deadline has come.
  std::vector<std::string> TakeExpired(absl::Time now) {
    std::vector<std::string> expired;
    while (!order_.empty() && order_.begin()->first <= now) {
      expired.push_back(order_.begin()->second);
      Remove(expired.back());
    }
    return expired;
  }

  bool Contains(const std::string& name) const { return deadlines_.contains(name); }

 private:
  absl::flat_hash_map<std::string, absl::Time> deadlines_;
  std::set<std::pair<absl::Time, std::string>> order_;
};

}  // namespace basisbench
