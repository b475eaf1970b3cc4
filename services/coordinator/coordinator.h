// SPDX-License-Identifier: Apache-2.0
// The whole coordinator but its flags: store, director, gRPC and HTTP, put together in the order in
// which they may touch each other and taken apart in the reverse. Owned by main; one thread starts
// and stops it.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "services/base/clock.h"
#include "services/base/telemetry/metric_set.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/case_checker.h"
#include "services/coordinator/job_service.h"
#include "services/coordinator/options.h"
#include "services/coordinator/probe.h"
#include "services/coordinator/store.h"
#include "services/coordinator/store_directory.h"
#include "services/coordinator/submitter.h"
#include "services/coordinator/watch_hub.h"
#include "services/coordinator/worker_service.h"

namespace basisbench {

class Coordinator {
 public:
  // Serves gRPC when it returns. The status names the flag or file that is wrong.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const CoordinatorOptions& options);
  // Ends streams, stops serving and leaves the store closed.
  ~Coordinator();

  int grpc_port() const { return grpc_port_; }
  // For the HTTP server, which the folder above puts on top: it must be stopped before this goes.
  JobDirectory& directory() { return *directory_; }
  MetricSet& metrics() { return metrics_; }
  // Tells everybody who watches that it is about to stop, so that they let go.
  void Announce() { hub_.Stop(); }

 private:
  Coordinator() = default;
  absl::Status SetUp(const CoordinatorOptions& options);
  void LetTimePass(std::stop_token stop);

  SystemClock clock_;
  MetricSet metrics_;
  CoordinatorProbe probe_{metrics_};
  CaseChecker checker_;
  WatchHub hub_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<AttemptDirector> director_;
  std::unique_ptr<Submitter> submitter_;
  std::unique_ptr<StoreDirectory> directory_;
  std::unique_ptr<JobServiceImpl> jobs_;
  std::unique_ptr<CatalogueServiceImpl> catalogue_;
  std::unique_ptr<WorkerServiceImpl> workers_;
  std::unique_ptr<grpc::Server> server_;
  int grpc_port_ = 0;
  std::jthread ticker_;
};

}  // namespace basisbench
