// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/checker.h"

#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/util/json_util.h"
#include "services/base/status_macros.h"
#include "workers/daemon/framing.h"
#include "workers/daemon/process_tree.h"

namespace basisbench {
namespace {

constexpr int kLookMilliseconds = 100;
constexpr size_t kMaxDescription = 16u << 20;

}  // namespace

Checker::~Checker() {
  absl::MutexLock lock(&mutex_);
  Stop();
}

SpawnOptions Checker::Options(const std::string& flag) const {
  SpawnOptions options;
  options.argv = {programs_.runner, flag};
  NodeEnvironment node;
  node.process_tag = "checker";
  node.programs = programs_;
  node.directory = "/tmp";
  options.environment = MakeNodeEnvironment(node, OwnEnvironment());
  options.guard = programs_.guard;
  options.inherit_stderr = true;
  return options;
}

absl::Status Checker::EnsureRunning() {
  if (child_ && !reaper_.Wait(child_->pid, absl::InfinitePast())) return absl::OkStatus();
  child_.reset();
  SpawnOptions options = Options("--serve-checks");
  options.pipe_stdin = true;
  BB_ASSIGN_OR_RETURN(child_, reaper_.Spawn(options));
  return absl::OkStatus();
}

void Checker::Stop() {
  if (!child_) return;
  ::kill(child_->pid, SIGKILL);
  reaper_.Wait(child_->pid, absl::Now() + absl::Seconds(5));
  child_.reset();
}

absl::StatusOr<v1::CheckReply> Checker::Ask(const v1::CheckRequest& request) {
  BB_RETURN_IF_ERROR(EnsureRunning());
  const absl::Time deadline = absl::Now() + timeout_;
  BB_RETURN_IF_ERROR(WriteAll(child_->input.get(), Frame(request.SerializeAsString()), deadline));
  BB_ASSIGN_OR_RETURN(const std::string payload, ReadFrame(child_->output.get(), deadline));
  v1::CheckReply reply;
  if (!reply.ParseFromString(payload))
    return absl::InternalError("the runner's answer is no CheckReply");
  if (reply.cases_size() != request.cases_size()) {
    return absl::InternalError(absl::StrCat("the runner answered ", reply.cases_size(), " of ",
                                            request.cases_size(), " cases"));
  }
  return reply;
}

absl::StatusOr<v1::CheckReply> Checker::Check(const v1::CheckRequest& request) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<v1::CheckReply> reply = Ask(request);
  if (reply.ok()) return reply;
  Stop();
  // It may have died since the last question, which says nothing about this one.
  if (reply.status().code() == absl::StatusCode::kUnavailable) reply = Ask(request);
  if (!reply.ok()) Stop();
  if (!reply.ok()) {
    return absl::Status(reply.status().code(),
                        absl::StrCat("checking with ", programs_.runner, ": ",
                                     std::string(reply.status().message())));
  }
  return reply;
}

absl::StatusOr<v1::OperatorCatalogue> Checker::Describe() {
  BB_ASSIGN_OR_RETURN(Child child, reaper_.Spawn(Options("--describe")));
  std::string content;
  const absl::Time deadline = absl::Now() + timeout_;
  while (child.output.valid() && content.size() <= kMaxDescription && absl::Now() < deadline) {
    pollfd entry{child.output.get(), POLLIN, 0};
    if (::poll(&entry, 1, kLookMilliseconds) <= 0) continue;
    char chunk[65536];
    const ssize_t got = ::read(child.output.get(), chunk, sizeof chunk);
    if (got > 0) content.append(chunk, static_cast<size_t>(got));
    if (got == 0) child.output.Reset();
  }
  if (child.output.valid()) ::kill(child.pid, SIGKILL);
  const std::optional<int> status = reaper_.Wait(child.pid, absl::Now() + absl::Seconds(5));
  if (!status || *status != 0) {
    return absl::UnavailableError(
        absl::StrCat(programs_.runner, " --describe ended with ",
                     status ? DescribeWaitStatus(*status) : "no status in time"));
  }
  v1::OperatorCatalogue catalogue;
  if (catalogue.ParseFromString(content) && catalogue.operators_size() > 0) return catalogue;
  google::protobuf::util::JsonParseOptions json;
  json.ignore_unknown_fields = true;
  if (google::protobuf::util::JsonStringToMessage(content, &catalogue, json).ok()) return catalogue;
  return absl::InternalError(absl::StrCat(programs_.runner, " --describe printed no catalogue"));
}

}  // namespace basisbench
