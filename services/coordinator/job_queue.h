// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for a gang. Pure: no clock, no threads; one owner, the scheduler.
//
// Order: a job stands where it would stand had it been submitted a minute earlier for each point of
// priority. So waiting makes up for priority, a job keeps its place whatever happens, and no job
// can be overtaken for ever. Every operation is O(log n) in the number of jobs; looking for the
// first that fits also walks the distinct pairs of backend and world size, of which a cluster has
// few.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace basisbench {

// Place in the queue; smaller is earlier.
struct QueuePlace {
  absl::Time time;
  std::string id;

  bool operator<(const QueuePlace& other) const {
    return time != other.time ? time < other.time : id < other.id;
  }
};

QueuePlace PlaceOf(const std::string& id, absl::Time submitted, int32_t priority);

class JobQueue {
 public:
  struct Waiting {
    QueuePlace place;
    std::string backend;
    uint32_t ranks = 0;
  };

  // A job may be in the queue once. It is not offered before `not_before`.
  void Add(const Waiting& job, absl::Time not_before);
  // Without effect when it is not there.
  void Remove(const std::string& id);
  // Lets in what may be offered by now.
  void Advance(absl::Time now);

  // The first of each backend and world size, in the order of the queue. World sizes beyond `most`
  // of their backend are left out.
  std::vector<Waiting> Firsts(absl::FunctionRef<uint64_t(const std::string& backend)> most) const;

  // Null when it is not there.
  const Waiting* Find(const std::string& id) const;

  // When Advance will have something to do.
  std::optional<absl::Time> NextAdvance() const;
  bool Contains(const std::string& id) const { return entries_.contains(id); }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Waiting job;
    std::optional<absl::Time> not_before;  // set while it is held back
  };

  absl::flat_hash_map<std::string, Entry> entries_;
  std::map<std::pair<std::string, uint32_t>, std::set<QueuePlace>> ready_;
  std::set<std::pair<absl::Time, std::string>> held_back_;
};

}  // namespace basisbench
