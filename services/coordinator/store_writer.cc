// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_writer.h"

#include <iterator>
#include <utility>

#include "absl/time/time.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Enough to amortise an fsync, little enough that the first caller of a batch does not wait long
// for the last.
constexpr size_t kMaxBatch = 512;
// Callers beyond this are told to come back: memory stays bounded whatever they send.
constexpr size_t kMaxQueue = 65'536;
constexpr absl::Duration kRetryInterval = absl::Milliseconds(200);

}  // namespace

StoreWriter::StoreWriter(Database& database) : database_(database), thread_([this] { Loop(); }) {}

StoreWriter::~StoreWriter() { Stop(); }

void StoreWriter::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void StoreWriter::Apply(Change change, Done done, OnFull on_full) {
  absl::Status refusal;
  {
    absl::MutexLock lock(&mutex_);
    if (on_full == OnFull::kRefuse && stopping_) {
      refusal = absl::UnavailableError("the coordinator is stopping");
    } else if (on_full == OnFull::kRefuse && queue_.size() >= kMaxQueue) {
      refusal =
          absl::ResourceExhaustedError("too many changes wait for the store; try again later");
    } else {
      queue_.push_back({std::move(change), std::move(done), on_full, absl::OkStatus()});
      return;
    }
  }
  done(refusal);
}

absl::Status StoreWriter::Health() const {
  absl::MutexLock lock(&mutex_);
  return health_;
}

void StoreWriter::SetHealth(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (health_.ok() && !status.ok()) {
    Log(LogLevel::kError, "store", "cannot be written; submissions are refused until it can",
        {{"error", status.message()}});
  } else if (!health_.ok() && status.ok()) {
    Log(LogLevel::kInfo, "store", "can be written again");
  }
  health_ = status;
}

bool StoreWriter::ReadyToWork() const { return stopping_ || !queue_.empty(); }

std::vector<StoreWriter::Entry> StoreWriter::TakeBatch() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &StoreWriter::ReadyToWork));
  // After a failure only changes that must be kept are left; give the disk a moment before trying
  // them again.
  if (!health_.ok() && !stopping_) {
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kRetryInterval);
  }
  const size_t count = std::min(queue_.size(), kMaxBatch);
  std::vector<Entry> batch(std::make_move_iterator(queue_.begin()),
                           std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + count);
  return batch;
}

void StoreWriter::Loop() {
  while (true) {
    std::vector<Entry> batch = TakeBatch();
    if (batch.empty()) return;
    if (!CommitTogether(batch).ok()) CommitApart(batch);
    std::vector<Entry> kept;
    for (Entry& entry : batch) {
      const bool again = entry.on_full == OnFull::kRetry && absl::IsResourceExhausted(entry.result);
      if (again) {
        kept.push_back(std::move(entry));
      } else {
        entry.done(entry.result);
      }
    }
    absl::MutexLock lock(&mutex_);
    queue_.insert(queue_.begin(), std::make_move_iterator(kept.begin()),
                  std::make_move_iterator(kept.end()));
    if (stopping_ && !health_.ok()) return;
  }
}

absl::Status StoreWriter::CommitTogether(std::vector<Entry>& batch) {
  absl::Status status = database_.Execute("BEGIN IMMEDIATE");
  for (Entry& entry : batch) {
    if (!status.ok()) break;
    status = entry.change(database_);
  }
  if (status.ok()) status = database_.Execute("COMMIT");
  if (!status.ok()) {
    database_.Rollback();
    return status;
  }
  SetHealth(status);
  return status;
}

// One change of the batch failed, and which one cannot be told apart from the rest by now: each
// gets its own transaction, so that a bad change fails alone.
void StoreWriter::CommitApart(std::vector<Entry>& batch) {
  absl::Status full;
  for (Entry& entry : batch) {
    entry.result = full.ok() ? CommitOne(entry) : full;
    if (absl::IsResourceExhausted(entry.result)) full = entry.result;
  }
  SetHealth(full);
}

absl::Status StoreWriter::CommitOne(Entry& entry) {
  absl::Status status = database_.Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = entry.change(database_);
  if (status.ok()) status = database_.Execute("COMMIT");
  if (!status.ok()) database_.Rollback();
  return status;
}

}  // namespace basisbench
