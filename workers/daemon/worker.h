// SPDX-License-Identifier: Apache-2.0
// The worker daemon as a whole: wires inventory, attempts, the stream to the coordinator, the
// launch service and the HTTP port together, and translates between their events. Owned by main.
// Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/backends.h"
#include "services/base/clock.h"
#include "services/base/rpc/security.h"
#include "services/base/telemetry/http_endpoint.h"
#include "services/base/telemetry/metric_set.h"
#include "workers/daemon/attach.h"
#include "workers/daemon/attempt_table.h"
#include "workers/daemon/check_queue.h"
#include "workers/daemon/checker.h"
#include "workers/daemon/launch_service.h"
#include "workers/daemon/offer.h"
#include "workers/daemon/outbox.h"
#include "workers/daemon/probe.h"
#include "workers/daemon/reaper.h"
#include "workers/daemon/work_directory.h"

namespace basisbench {

struct WorkerOptions {
  std::string coordinator;  // "host:port"
  std::string name;
  std::string address;  // advertised to peers
  std::string listen;   // LaunchService, "host:port"
  std::string http;     // "host:port"
  std::string device = kCpuDevice;
  uint32_t slots = 0;          // 0: one per CPU or GPU
  std::vector<uint32_t> cpus;  // empty: all allowed
  int64_t memory_bytes = 0;    // 0: all allowed
  std::string work_directory;
  Programs programs;
  SecurityOptions security;
};

class Worker final : public AttachEvents, public AttemptObserver {
 public:
  // Everything up and dialling. The status of whatever cannot be had: a runner that does not
  // answer, a port that is taken, a work directory in use.
  static absl::StatusOr<std::unique_ptr<Worker>> Start(WorkerOptions options);
  ~Worker() override;

  // OK while registered with the coordinator.
  absl::Status Ready() const;
  // Not OK when the coordinator refused this worker for good.
  absl::Status refusal() const;

  // Takes no new attempts and tells the coordinator.
  void Drain();
  bool idle() const { return attempts_->Names().empty(); }
  // Kills what still runs, reporting this node as lost to its gang.
  void AbortAll(const std::string& reason);
  // Until the coordinator has been told everything, or the time is over.
  void Flush(absl::Duration patience);

  int launch_port() const { return launch_port_; }
  int http_port() const { return http_->port(); }

 private:
  explicit Worker(WorkerOptions options) : options_(std::move(options)) {}
  absl::Status SetUp();
  absl::StatusOr<Offer> FindOffer(v1::Inventory& inventory);
  absl::Status ServeLaunches();
  absl::Status ServeHttp();
  void RefreshMetrics();

  v1::Register MakeRegistration() override;
  std::vector<v1::AttachRequest> OnRegistered(const v1::Registered& registered) override;
  void OnMessage(const v1::AttachResponse& message) override;
  void OnLeaseLost() override;
  void OnRefused(const absl::Status& status) override;

  void OnResult(const std::string& attempt_id, const v1::CaseResult& result) override;
  void OnProgress(const std::string& attempt_id, const v1::Progress& progress) override;
  void OnActivity(const v1::RankActivity& activity) override;
  void OnLaunched(absl::Duration duration) override;
  void OnRanksChanged(int change) override;
  void OnFinished(const v1::AttemptFinished& finished) override;
  void OnReleased(const std::string& attempt_id) override;
  void Send(v1::AttachRequest message);

  const WorkerOptions options_;
  const SystemClock clock_;
  v1::Register registration_;  // without the attempts, which change
  MetricSet metrics_;
  Probe probe_{metrics_};
  std::unique_ptr<WorkDirectory> directory_;
  std::unique_ptr<Reaper> reaper_;
  AttemptServices services_;
  std::unique_ptr<Checker> checker_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<AttemptTable> attempts_;
  std::unique_ptr<LaunchService> launches_;
  std::unique_ptr<grpc::Server> server_;
  int launch_port_ = 0;
  std::unique_ptr<CheckQueue> checks_;
  std::unique_ptr<HttpEndpoint> http_;

  mutable absl::Mutex mutex_;
  // Shared, so that an event that is sending is not cut off by the end.
  std::shared_ptr<AttachClient> client_ ABSL_GUARDED_BY(mutex_);
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace basisbench
