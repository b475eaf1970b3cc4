// SPDX-License-Identifier: Apache-2.0
// Where the ranks of one attempt on this node report: a Unix socket in the attempt's private
// directory. Owned by the attempt. One thread of its own serves every connection and calls
// RankEvents. A rank that breaks the protocol loses its connection and nothing else happens.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/runner.pb.h"
#include "workers/daemon/framing.h"
#include "workers/daemon/slots.h"
#include "workers/daemon/unique_fd.h"

namespace basisbench {

// Told by the server's thread, one event at a time.
class RankEvents {
 public:
  virtual ~RankEvents() = default;
  virtual void OnHello(const v1::RankHello& hello) = 0;
  virtual void OnCaseStarted(uint32_t rank, uint32_t case_index) = 0;
  virtual void OnProgress(const v1::Progress& progress) = 0;
  // The record has been taken over when this returns.
  virtual void OnResult(const v1::CaseResult& result) = 0;
  virtual void OnActivity(const v1::RankActivity& activity) = 0;
  virtual void OnDone(uint32_t rank) = 0;
  // Its connection ended, after a hello.
  virtual void OnGone(uint32_t rank) = 0;
};

struct RankServerOptions {
  std::string socket_path;  // at most 107 characters
  std::string attempt_id;
  std::string worker;
  std::vector<Slot> slots;  // by local rank
};

class RankServer {
 public:
  // `events` outlives the server. INVALID_ARGUMENT for a long path, UNAVAILABLE when it cannot
  // listen.
  static absl::StatusOr<std::unique_ptr<RankServer>> Start(RankServerOptions options,
                                                           RankEvents* events);
  ~RankServer();

  // What rank 0 is to do; before the ranks are started. On other nodes never called.
  void SetWork(v1::Assignment work);

 private:
  struct Connection {
    UniqueFd fd;
    FrameParser parser;
    std::string outgoing;
    std::optional<uint32_t> rank;
  };

  RankServer(RankServerOptions options, RankEvents* events)
      : options_(std::move(options)), events_(events) {}
  absl::Status Listen();
  void Run();
  void Accept();
  // False when the connection is over.
  bool Read(Connection& connection);
  bool Write(Connection& connection);
  absl::Status Handle(Connection& connection, const std::string& payload);
  absl::Status Greet(Connection& connection, const v1::RankHello& hello);

  const RankServerOptions options_;
  RankEvents* const events_;
  UniqueFd listener_;
  UniqueFd stop_;
  bool bound_ = false;  // the socket's file is this server's
  absl::Mutex mutex_;
  std::optional<v1::Assignment> work_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Connection>> connections_;  // the thread's own
  std::jthread thread_;
};

}  // namespace basisbench
