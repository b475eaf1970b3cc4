// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/launch_client.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "basisbench/v1/worker.grpc.pb.h"
#include "services/base/rpc/security.h"

namespace basisbench {
namespace {

constexpr std::chrono::seconds kConnectTimeout{10};

const LaunchPeer* FindPeer(const LaunchPlan& plan, const std::string& host) {
  for (const LaunchPeer& peer : plan.peers) {
    if (peer.host == host) return &peer;
  }
  return nullptr;
}

void Follow(grpc::ClientReader<v1::LaunchResponse>& reader, const OutputSink& sink,
            LaunchOutcome& outcome) {
  v1::LaunchResponse response;
  bool exited = false;
  while (reader.Read(&response)) {
    if (response.has_started()) outcome.started = true;
    if (response.has_output()) sink(response.output().is_stderr(), response.output().data());
    if (response.has_exited()) {
      exited = true;
      outcome.exit_status = response.exited().status();
      outcome.out_of_memory = response.exited().out_of_memory();
    }
  }
  const grpc::Status status = reader.Finish();
  if (!exited)
    outcome.error =
        status.ok() ? "the launch call ended without an exit status" : status.error_message();
}

}  // namespace

LaunchOutcome LaunchOnPeer(const LaunchPlan& plan, const AgentCommand& command,
                           const OutputSink& sink) {
  LaunchOutcome outcome;
  outcome.host = command.host;
  const LaunchPeer* peer = FindPeer(plan, command.host);
  if (peer == nullptr) {
    outcome.error =
        absl::StrCat("host '", command.host, "' is not in the gang of attempt ", plan.attempt_id);
    return outcome;
  }
  outcome.worker = peer->worker;
  const auto channel = MakeChannel(plan.security, peer->target);
  if (!channel.ok()) {
    outcome.error = std::string(channel.status().message());
    return outcome;
  }
  if (!(*channel)->WaitForConnected(std::chrono::system_clock::now() + kConnectTimeout)) {
    outcome.error = absl::StrCat("cannot connect to ", peer->target, " within 10s");
    return outcome;
  }
  v1::LaunchRequest request;
  request.set_attempt_id(plan.attempt_id);
  request.set_token(peer->token);
  for (const std::string& argument : command.arguments) request.add_arguments(argument);
  grpc::ClientContext context;
  const auto reader = v1::LaunchService::NewStub(*channel)->Launch(&context, request);
  Follow(*reader, sink, outcome);
  return outcome;
}

}  // namespace basisbench
