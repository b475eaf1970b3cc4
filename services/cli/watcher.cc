// SPDX-License-Identifier: Apache-2.0
#include "services/cli/watcher.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/derived.h"

namespace basisbench {
namespace {

constexpr absl::Duration kRetryEvery = absl::Milliseconds(500);
// A stream is opened anew this often, so that one that has silently died cannot hold us for ever.
constexpr absl::Duration kStreamFor = absl::Minutes(2);

struct WatchState {
  uint64_t sequence = 0;
  std::optional<v1::Job> ended;
  absl::Time last_contact = absl::Now();
};

void Consume(const v1::WatchJobResponse& event, ProgressView& view, WatchState* state) {
  state->last_contact = absl::Now();
  // A replayed event the client has seen is possible when the connection broke in between; it is
  // not shown twice.
  if (event.sequence() != 0 && event.sequence() <= state->sequence) return;
  if (event.sequence() != 0) state->sequence = event.sequence();
  if (event.has_job()) {
    view.OnJob(event.job());
    if (IsEnded(event.job().state())) state->ended = event.job();
  }
  if (event.has_result()) view.OnResult(event.result());
  if (event.has_progress()) view.OnProgress(event.progress());
}

// One stream, until it breaks, the job ends or the user interrupts.
grpc::Status StreamOnce(Context& context, Client& client, const std::string& job_id,
                        ProgressView& view, WatchState* state) {
  grpc::ClientContext rpc;
  Interrupt::Handler handler(context.interrupt(), [&rpc] { rpc.TryCancel(); });
  if (context.interrupt().requested()) return grpc::Status::CANCELLED;
  rpc.set_deadline(absl::ToChronoTime(absl::Now() + kStreamFor));
  v1::WatchJobRequest request;
  request.set_job_id(job_id);
  request.set_after_sequence(state->sequence);
  const auto stream = client.jobs().WatchJob(&rpc, request);
  v1::WatchJobResponse event;
  while (stream->Read(&event)) Consume(event, view, state);
  return stream->Finish();
}

bool IsTransient(const grpc::Status& status) {
  return status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::INTERNAL ||
         status.error_code() == grpc::StatusCode::UNKNOWN ||
         status.error_code() == grpc::StatusCode::CANCELLED ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

}  // namespace

absl::StatusOr<v1::Job> WatchUntilEnd(Context& context, Client& client, const std::string& job_id,
                                      ProgressView& view) {
  WatchState state;
  bool told = false;
  // Between two streams an interrupt must not end the process before it has said how to go on.
  Interrupt::Handler handler(context.interrupt(), [] {});
  while (true) {
    const grpc::Status status = StreamOnce(context, client, job_id, view, &state);
    view.ClearLine();
    if (state.ended) return *state.ended;
    if (context.interrupt().requested()) return absl::CancelledError("interrupted");
    if (!IsTransient(status)) return client.Explain(status);
    if (!status.ok() && absl::Now() - state.last_contact > client.timeout()) {
      return client.Explain(status);
    }
    // A stream that ended well belongs to a job whose last event was delivered before.
    if (status.ok()) {
      BB_ASSIGN_OR_RETURN(v1::Job job, client.GetJob(job_id));
      if (IsEnded(job.state())) return job;
      state.last_contact = absl::Now();
    } else if (!told && status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
      context.Say(absl::StrCat("connection to ", client.target(), " lost, trying again"));
      told = true;
    }
    context.interrupt().WaitFor(kRetryEvery);
  }
}

}  // namespace basisbench
