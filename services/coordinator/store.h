// SPDX-License-Identifier: Apache-2.0
// Everything that must survive the coordinator: jobs, cases, results, events, attempts and the
// operator catalogue, in one SQLite file (WAL, synchronous=FULL). Writes are asynchronous and share
// transactions (StoreWriter): when `done` gets OK, the change is on disk. Reads use connections of
// their own and see every committed change. Thread-safe. A full disk is RESOURCE_EXHAUSTED; an
// unknown job is NOT_FOUND.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/operator.pb.h"
#include "basisbench/v1/result.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/base/backends.h"
#include "services/coordinator/sqlite.h"
#include "services/coordinator/store_writer.h"

namespace basisbench {

// World size to number of cases of that size that have no record.
using RankGroups = std::map<uint32_t, uint32_t>;

// A job that has not ended, as the scheduler needs it after a restart.
struct ActiveJob {
  std::string id;
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
  int32_t priority = 0;
  int64_t submit_ns = 0;
  uint32_t attempts = 0;  // made so far
  uint32_t losses = 0;    // of these, lost without fault of a case
  uint32_t max_attempts = 0;
  bool cancel_requested = false;
  std::string backend = kCpuMpi;
  RankGroups remaining;
};

// An attempt that had not ended when the store was last written.
struct RunningAttempt {
  v1::PrepareAttempt prepare;
  uint32_t ranks = 0;
};

class Store {
 public:
  using Change = StoreWriter::Change;
  using Done = StoreWriter::Done;

  // Opens or creates the file, and its folder. FAILED_PRECONDITION when another coordinator has it
  // open, when it is of a newer build, or when it cannot be opened.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path);
  ~Store();

  // See StoreWriter. The changes themselves are in store_changes.h.
  void Apply(Change change, Done done, OnFull on_full = OnFull::kRetry) {
    writer_->Apply(std::move(change), std::move(done), on_full);
  }
  // The same for callers that may wait: tests and start-up.
  absl::Status ApplyAndWait(Change change, OnFull on_full = OnFull::kRefuse);

  // See StoreWriter::Stop. Reading goes on.
  void Stop() { writer_->Stop(); }

  // OK when the last write succeeded and the present one would not obviously fail.
  absl::Status Health() const { return writer_->Health(); }

  absl::StatusOr<v1::Job> GetJob(const std::string& id);
  // Empty when no job was made by that request.
  absl::StatusOr<std::string> FindByRequestId(const std::string& request_id);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::ListResultsResponse> ListResults(const v1::ListResultsRequest& request);
  // At most `limit` events after `after`, oldest first.
  absl::StatusOr<std::vector<v1::WatchJobResponse>> ReadEvents(const std::string& id,
                                                               uint64_t after, int limit);
  absl::StatusOr<std::map<v1::JobState, int64_t>> CountJobs();

  // What a restarted coordinator goes on with, oldest first.
  absl::StatusOr<std::vector<ActiveJob>> LoadActiveJobs();
  absl::StatusOr<std::vector<RunningAttempt>> LoadRunningAttempts();
  absl::StatusOr<v1::OperatorCatalogue> LoadOperators();

 private:
  class Reader;

  explicit Store(std::string path) : path_(std::move(path)) {}

  // A connection from the pool, given back when the reader goes.
  absl::StatusOr<Reader> Read();

  std::string path_;
  int lock_descriptor_ = -1;
  std::unique_ptr<Database> write_connection_;
  std::unique_ptr<StoreWriter> writer_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_readers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
