// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/web/event_route.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "services/coordinator/web/json_routes.h"

namespace basisbench {
namespace {

constexpr absl::Duration kSnapshotInterval = absl::Seconds(1);
// Bounds how long Stop waits for a stream.
constexpr absl::Duration kPoll = absl::Milliseconds(250);
constexpr int kJobsShown = 100;

// One client.
class Stream {
 public:
  Stream(JobDirectory& directory, const HttpRequest& request, EventSink& sink)
      : directory_(directory), sink_(sink) {
    const auto job = request.query.find("job");
    if (job == request.query.end() || job->second.empty()) return;
    uint64_t after = 0;
    const auto last = request.headers.find("last-event-id");
    // An id that is no number starts from the beginning, which is always right.
    if (last != request.headers.end() && !absl::SimpleAtoi(last->second, &after)) after = 0;
    absl::StatusOr<std::unique_ptr<JobEvents>> events = directory.Watch(job->second, after);
    if (events.ok()) {
      events_ = std::move(*events);
    } else {
      alive_ = SendEnd(events.status());
    }
  }

  void Run() {
    absl::Time next_snapshot = absl::InfinitePast();
    while (alive_) {
      if (absl::Now() >= next_snapshot) {
        alive_ = SendSnapshots();
        next_snapshot = absl::Now() + kSnapshotInterval;
      }
      alive_ = alive_ && SendNextEvent();
    }
  }

 private:
  // Sends what changed since the last time, or a comment that finds out whether the client is still
  // there.
  bool SendSnapshots() {
    v1::ListJobsRequest request;
    request.set_page_size(kJobsShown);
    const absl::StatusOr<v1::ListJobsResponse> jobs = directory_.ListJobs(request);
    const absl::StatusOr<v1::ListWorkersResponse> workers = AllWorkers(directory_);
    const bool sent = (!jobs.ok() || SendIfChanged("jobs", ToJson(*jobs), &last_jobs_)) &&
                      (!workers.ok() || SendIfChanged("workers", ToJson(*workers), &last_workers_));
    return sent && sink_.Send("", "");
  }

  bool SendIfChanged(absl::string_view event, std::string json, std::string* last) {
    if (json == *last) return true;
    *last = std::move(json);
    return sink_.Send(event, *last);
  }

  bool SendNextEvent() {
    if (events_ == nullptr) {
      absl::SleepFor(kPoll);
      return sink_.Send("", "");
    }
    const absl::StatusOr<std::optional<v1::WatchJobResponse>> next = events_->Next(kPoll);
    if (!next.ok()) {
      events_.reset();
      return SendEnd(next.status());
    }
    return !next->has_value() || SendEvent(**next);
  }

  bool SendEvent(const v1::WatchJobResponse& event) {
    const std::string id = event.sequence() > 0 ? absl::StrCat(event.sequence()) : "";
    switch (event.event_case()) {
      case v1::WatchJobResponse::kJob:
        return sink_.Send("job", ToJson(event.job()), id);
      case v1::WatchJobResponse::kResult:
        return sink_.Send("result", ToJson(event.result()), id);
      case v1::WatchJobResponse::kProgress:
        return sink_.Send("progress", ToJson(event.progress()), id);
      default:
        return sink_.Send("", "");
    }
  }

  bool SendEnd(const absl::Status& status) {
    const nlohmann::json json = {{"code", absl::StatusCodeToString(status.code())},
                                 {"reason", std::string(status.message())}};
    return sink_.Send("end", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  JobDirectory& directory_;
  EventSink& sink_;
  std::unique_ptr<JobEvents> events_;
  std::string last_jobs_;
  std::string last_workers_;
  bool alive_ = true;
};

}  // namespace

void ServeEvents(JobDirectory& directory, HttpEndpoint& http) {
  http.HandleEvents("/api/v1/events", [&](const HttpRequest& request, EventSink& sink) {
    Stream(directory, request, sink).Run();
  });
}

}  // namespace basisbench
