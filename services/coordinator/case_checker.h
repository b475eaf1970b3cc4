// SPDX-License-Identifier: Apache-2.0
// Asks an attached worker's runner what cases cost and whether they can run, and remembers the
// answers: they depend on the case and the build of the runner alone. Thread-safe. UNAVAILABLE when
// nobody could answer in time.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/operator.pb.h"
#include "services/coordinator/lease_table.h"
#include "services/coordinator/worker_link.h"

namespace basisbench {

// A worker that can be asked.
struct CheckTarget {
  std::string worker;
  std::string build;
  std::shared_ptr<WorkerLink> link;
};

class CaseChecker {
 public:
  using Done = std::function<void(absl::StatusOr<std::vector<v1::CheckedCase>>)>;

  // `done` is called once, on any thread, with one answer per case in their order; the answers
  // carry the indices of the cases asked. `target` without link: only what is remembered can be
  // answered.
  void Check(const CheckTarget& target, const std::vector<v1::Case>& cases, absl::Time now,
             Done done);

  // A worker's answer to one of the questions.
  void Answered(const std::string& worker, const v1::CasesChecked& answer);
  // The worker is gone, or a stream of it: what it was asked, over that stream, fails.
  void Lost(const std::string& worker, const WorkerLink* link = nullptr);
  // Fails what was not answered in time.
  void Tick(absl::Time now);

 private:
  struct Question {
    std::string worker;
    std::string build;
    std::vector<v1::Case> cases;           // all of them
    std::vector<std::string> keys;         // of all
    std::vector<v1::CheckedCase> answers;  // of all, in their order
    std::vector<size_t> open;              // positions without an answer
    size_t next = 0;                       // first of `open` that was not sent
    size_t sent = 0;                       // how many of `open` the present message asks
    std::shared_ptr<WorkerLink> link;
    Done done;
  };

  void SendBatch(uint64_t id, Question& question) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Take(Question& question, const v1::CasesChecked& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remember(const std::string& key, const v1::CheckedCase& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(uint64_t id, const absl::Status& status);

  struct Remembered {
    v1::CheckedCase answer;
    std::list<std::string>::iterator age;
  };

  absl::Mutex mutex_;
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<uint64_t, Question> questions_ ABSL_GUARDED_BY(mutex_);
  LeaseTable deadlines_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Remembered> remembered_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> ages_ ABSL_GUARDED_BY(mutex_);  // most recently used first
};

// What decides the answer: everything of the case but its place in a job. For tests and the cache.
std::string CaseKey(const v1::Case& item, const std::string& build);

}  // namespace basisbench
