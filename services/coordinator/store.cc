// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "services/base/status_macros.h"
#include "services/coordinator/store_reader.h"
#include "services/coordinator/store_schema.h"

namespace basisbench {
namespace {

// Two coordinators on one file would both schedule its jobs. The lock goes with the process,
// however it ends.
absl::StatusOr<int> LockFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("store lock '", path, "': ", std::strerror(errno)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return absl::FailedPreconditionError(
        absl::StrCat("store lock '", path, "' is held by another coordinator"));
  }
  return descriptor;
}

}  // namespace

// A connection on loan.
class Store::Reader {
 public:
  Reader(Store* store, std::unique_ptr<Database> database)
      : store_(store), database_(std::move(database)) {}
  Reader(Reader&&) = default;
  ~Reader() {
    if (database_ == nullptr) return;
    absl::MutexLock lock(&store_->mutex_);
    store_->idle_readers_.push_back(std::move(database_));
  }
  Database& operator*() { return *database_; }

 private:
  Store* store_;
  std::unique_ptr<Database> database_;
};

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  std::unique_ptr<Store> store(new Store(path));
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("store folder '", folder.string(), "' cannot be made: ", error.message()));
  }
  BB_ASSIGN_OR_RETURN(store->lock_descriptor_, LockFile(path + ".lock"));
  BB_ASSIGN_OR_RETURN(store->write_connection_, Database::Open(path));
  BB_RETURN_IF_ERROR(MigrateStore(*store->write_connection_));
  store->writer_ = std::make_unique<StoreWriter>(*store->write_connection_);
  return store;
}

Store::~Store() {
  writer_.reset();
  {
    absl::MutexLock lock(&mutex_);
    idle_readers_.clear();
  }
  write_connection_.reset();
  if (lock_descriptor_ >= 0) ::close(lock_descriptor_);
}

absl::Status Store::ApplyAndWait(Change change, OnFull on_full) {
  absl::Notification finished;
  absl::Status result;
  Apply(
      std::move(change),
      [&](absl::Status status) {
        result = std::move(status);
        finished.Notify();
      },
      on_full);
  finished.WaitForNotification();
  return result;
}

absl::StatusOr<Store::Reader> Store::Read() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_readers_.empty()) {
      Reader reader(this, std::move(idle_readers_.back()));
      idle_readers_.pop_back();
      return reader;
    }
  }
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(path_));
  return Reader(this, std::move(database));
}

absl::StatusOr<v1::Job> Store::GetJob(const std::string& id) {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadJob(*reader, id);
}

absl::StatusOr<std::string> Store::FindByRequestId(const std::string& request_id) {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadJobOfRequest(*reader, request_id);
}

absl::StatusOr<v1::ListJobsResponse> Store::ListJobs(const v1::ListJobsRequest& request) {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadJobs(*reader, request);
}

absl::StatusOr<v1::ListResultsResponse> Store::ListResults(const v1::ListResultsRequest& request) {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadResults(*reader, request);
}

absl::StatusOr<std::vector<v1::WatchJobResponse>> Store::ReadEvents(const std::string& id,
                                                                    uint64_t after, int limit) {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadJobEvents(*reader, id, after, limit);
}

absl::StatusOr<std::map<v1::JobState, int64_t>> Store::CountJobs() {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadJobCounts(*reader);
}

absl::StatusOr<std::vector<ActiveJob>> Store::LoadActiveJobs() {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadActiveJobs(*reader);
}

absl::StatusOr<std::vector<RunningAttempt>> Store::LoadRunningAttempts() {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadRunningAttempts(*reader);
}

absl::StatusOr<v1::OperatorCatalogue> Store::LoadOperators() {
  BB_ASSIGN_OR_RETURN(Reader reader, Read());
  return ReadOperators(*reader);
}

}  // namespace basisbench
