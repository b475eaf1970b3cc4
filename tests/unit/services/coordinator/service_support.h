// SPDX-License-Identifier: Apache-2.0
// The services over a real gRPC server on a free port of loopback, on top of a DirectorWorld.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "services/base/rpc/rpc_status.h"
#include "services/base/rpc/security.h"
#include "services/coordinator/job_service.h"
#include "services/coordinator/store_directory.h"
#include "services/coordinator/worker_service.h"
#include "tests/unit/services/coordinator/director_support.h"
#include "tests/unit/services/coordinator/service_runner.h"

namespace basisbench {

class ServiceWorld {
 public:
  ServiceWorld() {
    grpc::ServerBuilder builder;
    EXPECT_THAT(ConfigureServer({}, "127.0.0.1:0", builder, &port_), IsOk());
    builder.RegisterService(&jobs_);
    builder.RegisterService(&catalogue_);
    builder.RegisterService(&workers_);
    server_ = builder.BuildAndStart();
    channel_ = *MakeChannel({}, absl::StrCat("127.0.0.1:", port_));
  }
  ~ServiceWorld() {
    hub_.Stop();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + absl::Milliseconds(100)));
    server_->Wait();
  }

  std::unique_ptr<v1::JobService::Stub> Jobs() { return v1::JobService::NewStub(channel_); }
  std::unique_ptr<v1::WorkerService::Stub> Workers() {
    return v1::WorkerService::NewStub(channel_);
  }
  DirectorWorld& world() { return world_; }
  WatchHub& hub() { return hub_; }
  std::shared_ptr<grpc::Channel> channel() { return channel_; }

 private:
  static constexpr absl::Duration kRegisterWithin = absl::Milliseconds(300);

  DirectorWorld world_;
  MetricSet metrics_;
  CoordinatorProbe probe_{metrics_};
  // Of the streams; the director's own has nobody listening.
  WatchHub hub_{absl::Milliseconds(100)};
  Submitter submitter_{{world_.store(), world_.director(), world_.checker(), probe_,
                        Presets::Builtin(), world_.clock(), 1000}};
  StoreDirectory directory_{{world_.store(), hub_, world_.director(), Presets::Builtin()}};
  JobServiceImpl jobs_{{world_.store(), hub_, world_.director(), submitter_, directory_}};
  CatalogueServiceImpl catalogue_{directory_};
  WorkerServiceImpl workers_{world_.director(), kRegisterWithin};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A call with a deadline, so that a test that goes wrong ends.
inline void LimitTime(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
}

}  // namespace basisbench
