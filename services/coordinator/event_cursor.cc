// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/event_cursor.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/coordinator/store_changes.h"

namespace basisbench {
namespace {

// Records without samples are a few KiB each: a page stays small however far behind a reader is.
constexpr int kPageEvents = 64;

}  // namespace

absl::Status EventCursor::Fill() {
  // The state is read before the events: were it read after them, the last events could fall in
  // between.
  BB_ASSIGN_OR_RETURN(const v1::Job job, store_.GetJob(job_id_));
  BB_ASSIGN_OR_RETURN(std::vector<v1::WatchJobResponse> events,
                      store_.ReadEvents(job_id_, after_, kPageEvents));
  if (events.empty() && IsEnded(job.state())) {
    return absl::OutOfRangeError(absl::StrCat("job '", job_id_, "' has ended"));
  }
  page_.assign(std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::WatchJobResponse>> EventCursor::TryNext() {
  if (page_.empty()) BB_RETURN_IF_ERROR(Fill());
  if (!page_.empty()) {
    v1::WatchJobResponse event = std::move(page_.front());
    page_.pop_front();
    after_ = event.sequence();
    return event;
  }
  const LatestProgress latest = hub_.Progress(job_id_);
  if (latest.version <= progress_seen_) return std::nullopt;
  progress_seen_ = latest.version;
  v1::WatchJobResponse event;
  *event.mutable_progress() = latest.progress;
  return event;
}

}  // namespace basisbench
