// SPDX-License-Identifier: Apache-2.0
// A rank's connection to its node's worker daemon. Sending belongs to the rank's thread; a second
// thread reads, and calls `on_lost` as soon as the daemon has gone, since a rank nobody owns must
// not keep the machine busy.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/runner.pb.h"
#include "workers/runner/reporter.h"

namespace basisbench {

class DaemonLink : public Reporter {
 public:
  // Connects to the Unix socket at `path`. UNAVAILABLE naming the path.
  static absl::StatusOr<std::unique_ptr<DaemonLink>> Connect(const std::string& path);
  ~DaemonLink() override;

  // Says hello and waits for the assignment; DEADLINE_EXCEEDED after 30 s. Watching begins then.
  absl::StatusOr<v1::RankAssignment> Introduce(const v1::RankHello& hello,
                                               std::function<void()> on_lost);

  absl::Status CaseStarted(uint32_t case_index) override;
  absl::Status Report(const v1::Progress& progress) override;
  absl::Status Report(const v1::RankActivity& activity) override;
  // DEADLINE_EXCEEDED when the daemon does not take the record within 60 s.
  absl::Status Report(const v1::CaseResult& result) override;
  // After this the daemon may close the connection.
  absl::Status Done() override;

 private:
  explicit DaemonLink(int fd) : fd_(fd) {}
  absl::Status Send(const v1::RankMessage& message);
  void Watch();
  void Take(const v1::RankReply& reply);

  const int fd_;
  std::function<void()> on_lost_;
  std::thread watcher_;
  absl::Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
  uint32_t awaited_case_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace basisbench
