// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/coordinator.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/base/version.h"
#include "services/coordinator/rpc_metrics.h"

namespace basisbench {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(50);
// Streams of workers never end by themselves; what is in flight gets this long.
constexpr std::chrono::milliseconds kShutdownGrace(500);

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(const CoordinatorOptions& options) {
  std::unique_ptr<Coordinator> coordinator(new Coordinator());
  BB_RETURN_IF_ERROR(coordinator->SetUp(options));
  return coordinator;
}

absl::Status Coordinator::SetUp(const CoordinatorOptions& options) {
  BB_ASSIGN_OR_RETURN(store_, Store::Open(options.store));
  director_ =
      std::make_unique<AttemptDirector>(*store_, hub_, checker_, probe_, clock_, options.lease);
  BB_RETURN_IF_ERROR(director_->Recover());
  const Presets& presets = Presets::Builtin();
  submitter_ = std::make_unique<Submitter>(
      Submitter::Parts{*store_, *director_, checker_, probe_, presets, clock_, options.max_cases});
  directory_ =
      std::make_unique<StoreDirectory>(StoreDirectory::Parts{*store_, hub_, *director_, presets});
  jobs_ = std::make_unique<JobServiceImpl>(
      JobServiceImpl::Parts{*store_, hub_, *director_, *submitter_, *directory_});
  catalogue_ = std::make_unique<CatalogueServiceImpl>(*directory_);
  workers_ = std::make_unique<WorkerServiceImpl>(*director_);
  metrics_
      .Gauge("basisbench_build_info",
             {{"version", kVersion}, {"method_version", absl::StrCat(kMethodVersion)}})
      .Set(1);

  grpc::ServerBuilder builder;
  BB_RETURN_IF_ERROR(ConfigureServer(options.security, options.listen, builder, &grpc_port_));
  TimeCalls(metrics_, builder);
  builder.RegisterService(jobs_.get());
  builder.RegisterService(catalogue_.get());
  builder.RegisterService(workers_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || grpc_port_ == 0)
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen));
  ticker_ = std::jthread([this](std::stop_token stop) { LetTimePass(stop); });
  return absl::OkStatus();
}

void Coordinator::LetTimePass(std::stop_token stop) {
  while (!stop.stop_requested()) {
    director_->Tick();
    absl::SleepFor(kTick);
  }
}

Coordinator::~Coordinator() {
  hub_.Stop();
  ticker_ = std::jthread();
  // Its thread calls the director and the services. Stopped first, it answers every call that waits
  // for it, which the server waits for.
  if (store_ != nullptr) store_->Stop();
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    server_->Wait();
  }
}

}  // namespace basisbench
