// SPDX-License-Identifier: Apache-2.0
// One attempt on one node, from Prepare until nothing of it is left: its directory, its rank
// server, and, on the gang's leader, mpirun with the deadlines of the cases. Owned by the attempt
// table. One thread of its own does all waiting; the public methods may be called from any thread
// and do not block, except Launch.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/worker.pb.h"
#include "services/base/rpc/security.h"
#include "workers/daemon/attempt_end.h"
#include "workers/daemon/launch_token.h"
#include "workers/daemon/mpirun_command.h"
#include "workers/daemon/orted_run.h"
#include "workers/daemon/output_tail.h"
#include "workers/daemon/rank_server.h"
#include "workers/daemon/reaper.h"

namespace basisbench {

// Told what happens in attempts; called from their threads, several at once.
class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  virtual void OnResult(const std::string& attempt_id, const v1::CaseResult& result) = 0;
  virtual void OnProgress(const std::string& attempt_id, const v1::Progress& progress) = 0;
  virtual void OnActivity(const v1::RankActivity& activity) = 0;
  // From mpirun's start to the hello of rank 0.
  virtual void OnLaunched(absl::Duration duration) = 0;
  // Ranks connected, more or fewer than before.
  virtual void OnRanksChanged(int change) = 0;
  virtual void OnFinished(const v1::AttemptFinished& finished) = 0;
  virtual void OnReleased(const std::string& attempt_id) = 0;
};

// What attempts share; outlives them.
struct AttemptServices {
  Reaper* reaper = nullptr;
  AttemptObserver* observer = nullptr;
  Programs programs;
  SecurityOptions security;
  std::string worker;
  std::string work_directory;
  absl::Duration launch_timeout =
      absl::Seconds(60);  // from mpirun's start to the first rank's hello
};

// The node's share for this attempt.
struct AttemptShare {
  std::vector<uint32_t> numbers;  // of its slots in the table
  std::vector<Slot> slots;
};

enum class AbortKind {
  kRequested,  // by the coordinator: reported
  kDisowned,   // lease lost or not adopted: nobody waits for a report
  kLeaving,    // this daemon ends: reported as the loss of a node
};

class Attempt final : private RankEvents {
 public:
  static absl::StatusOr<std::unique_ptr<Attempt>> Prepare(const AttemptServices& services,
                                                          const v1::PrepareAttempt& prepare,
                                                          AttemptShare share);
  // Aborts and waits.
  ~Attempt() override;

  // On the leader, once. Failures are reported as the attempt's end.
  void Start(const v1::StartAttempt& start);
  // False when it is done already.
  bool Abort(AbortKind kind, const std::string& reason);

  // Serves a peer's launch call. PERMISSION_DENIED, INVALID_ARGUMENT, ABORTED as in the contract.
  absl::Status Launch(const v1::LaunchRequest& request, const std::function<bool()>& cancelled,
                      const std::function<bool(const v1::LaunchResponse&)>& report);

  // Nothing of it is left and everything has been reported.
  bool done() const;
  const std::string& id() const { return prepare_.attempt_id(); }
  const AttemptShare& share() const { return share_; }

 private:
  Attempt(const AttemptServices& services, v1::PrepareAttempt prepare, AttemptShare share);
  absl::Status SetUp();
  void Run();
  void RunRanks(const v1::StartAttempt& start);
  absl::StatusOr<Child> SpawnMpirun(const v1::StartAttempt& start);
  absl::StatusOr<std::vector<std::string>> WritePlan();
  void Follow(Child& child);
  // True when mpirun has to be killed now.
  bool MustStop();
  void AddLaunchEvidence(AttemptEvidence& evidence) const;
  void Finish(uint64_t kills_before);
  NodeEnvironment Node(const std::string& tag) const;
  void SetDeadline(absl::Duration after, std::string what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void OnHello(const v1::RankHello& hello) override;
  void OnCaseStarted(uint32_t rank, uint32_t case_index) override;
  void OnProgress(const v1::Progress& progress) override;
  void OnResult(const v1::CaseResult& result) override;
  void OnActivity(const v1::RankActivity& activity) override;
  void OnDone(uint32_t rank) override;
  void OnGone(uint32_t rank) override;

  const AttemptServices& services_;
  const v1::PrepareAttempt prepare_;
  const AttemptShare share_;
  std::string directory_;
  std::string shared_memory_;
  OutputTail tail_;  // the attempt thread's own

  mutable absl::Mutex mutex_;
  LaunchTokenVerifier tokens_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::StartAttempt> start_ ABSL_GUARDED_BY(mutex_);
  std::optional<AbortKind> abort_ ABSL_GUARDED_BY(mutex_);
  AttemptEvidence evidence_ ABSL_GUARDED_BY(mutex_);
  std::set<uint32_t> missing_ ABSL_GUARDED_BY(mutex_);  // cases without a record
  absl::Duration case_timeout_ ABSL_GUARDED_BY(mutex_);
  absl::Time launched_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  std::string deadline_text_ ABSL_GUARDED_BY(mutex_);
  uint32_t launches_ ABSL_GUARDED_BY(mutex_) = 0;         // so far
  uint32_t active_launches_ ABSL_GUARDED_BY(mutex_) = 0;  // of these, running
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;  // too late to ask for a Released
  bool done_ ABSL_GUARDED_BY(mutex_) = false;

  std::unique_ptr<RankServer> ranks_;
  std::jthread thread_;
};

}  // namespace basisbench
