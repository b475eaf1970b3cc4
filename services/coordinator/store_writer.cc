// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/store_writer.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
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

// The file cannot be written now, whatever the change: the disk is full, or somebody outside holds
// the lock.
bool IsBlocked(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

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

std::optional<std::vector<StoreWriter::Entry>> StoreWriter::TakeBatch() {
  absl::MutexLock lock(&mutex_);
  // After a failure only changes that must be kept are left; give the disk a moment before trying
  // them, or a trial when there are none.
  if (health_.ok()) {
    mutex_.Await(absl::Condition(this, &StoreWriter::ReadyToWork));
  } else {
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kRetryInterval);
  }
  if (stopping_ && queue_.empty()) return std::nullopt;
  const size_t count = std::min(queue_.size(), kMaxBatch);
  std::vector<Entry> batch(std::make_move_iterator(queue_.begin()),
                           std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + count);
  return batch;
}

void StoreWriter::Loop() {
  while (std::optional<std::vector<Entry>> batch = TakeBatch()) {
    if (batch->empty()) {
      SetHealth(TryWriting());
    } else if (!CommitTogether(*batch).ok()) {
      CommitApart(*batch);
    }
    Answer(*batch);
    absl::MutexLock lock(&mutex_);
    if (stopping_ && !health_.ok()) break;
  }
  std::deque<Entry> left;
  {
    absl::MutexLock lock(&mutex_);
    left.swap(queue_);
  }
  for (Entry& entry : left) {
    if (entry.on_full == OnFull::kRefuse)
      entry.done(absl::UnavailableError("the coordinator is stopping"));
  }
}

// Those that could not be written and must be kept go back to the front of the queue.
void StoreWriter::Answer(std::vector<Entry>& batch) {
  std::vector<Entry> kept;
  for (Entry& entry : batch) {
    const bool again = entry.on_full == OnFull::kRetry && IsBlocked(entry.result);
    if (again) {
      kept.push_back(std::move(entry));
    } else {
      entry.done(entry.result);
    }
  }
  absl::MutexLock lock(&mutex_);
  queue_.insert(queue_.begin(), std::make_move_iterator(kept.begin()),
                std::make_move_iterator(kept.end()));
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
  // Of changes that are tried again, the reason of the last failure is still there.
  for (Entry& entry : batch) entry.result = absl::OkStatus();
  SetHealth(status);
  return status;
}

// A coordinator that says it is not ready may be sent nothing to write, so that it must find out by
// itself. Writing the version that is there already is the smallest write there is.
absl::Status StoreWriter::TryWriting() {
  Entry trial;
  trial.change = [](Database& database) -> absl::Status {
    int64_t version = 0;
    {
      BB_ASSIGN_OR_RETURN(Statement statement, database.Prepare("PRAGMA user_version"));
      BB_ASSIGN_OR_RETURN(const bool row, statement.Step());
      if (row) version = statement.Int(0);
    }
    return database.Execute(absl::StrCat("PRAGMA user_version=", version));
  };
  return CommitOne(trial);
}

// One change of the batch failed, and which one cannot be told apart from the rest by now: each
// gets its own transaction, so that a bad change fails alone.
void StoreWriter::CommitApart(std::vector<Entry>& batch) {
  absl::Status blocked;
  for (Entry& entry : batch) {
    entry.result = blocked.ok() ? CommitOne(entry) : blocked;
    if (IsBlocked(entry.result)) blocked = entry.result;
  }
  SetHealth(blocked);
}

absl::Status StoreWriter::CommitOne(Entry& entry) {
  absl::Status status = database_.Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = entry.change(database_);
  if (status.ok()) status = database_.Execute("COMMIT");
  if (!status.ok()) database_.Rollback();
  return status;
}

}  // namespace basisbench
