// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/rank_process.h"

#include <mpi.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/base/backends.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "workers/collectives/mpi.h"
#include "workers/runner/assignment.h"
#include "workers/runner/control.h"
#include "workers/runner/daemon_link.h"
#include "workers/runner/options.h"
#include "workers/runner/rank_device.h"
#include "workers/runner/run_context.h"

namespace basisbench {
namespace {

// Ranks meet for the first time within this, or never.
constexpr absl::Duration kMeetingDeadline = absl::Seconds(60);
// A rank may wait for rank 0 to hand a record over, on top of a case's own deadline, which the
// daemon watches.
constexpr absl::Duration kSlack = absl::Seconds(90);

absl::StatusOr<std::string> RequireVariable(const char* name) {
  const char* value = getenv(name);
  if (value != nullptr && *value != '\0') return std::string(value);
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is not set; ranks are started by a worker daemon"));
}

absl::Status PinTo(const google::protobuf::RepeatedField<uint32_t>& cpus) {
  if (cpus.empty()) return absl::OkStatus();
  cpu_set_t set;
  CPU_ZERO(&set);
  for (uint32_t cpu : cpus) {
    if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(0, sizeof(set), &set) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot run on the ", cpus.size(),
                                                    " CPUs assigned (first ", cpus[0],
                                                    "): ", strerror(errno)));
}

std::string MpiVersion() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version(text.data());
  return version.substr(0, version.find(','));
}

v1::RankHello HelloOf(const MpiSession& mpi, const std::string& attempt) {
  v1::RankHello hello;
  hello.set_attempt_id(attempt);
  hello.set_rank(static_cast<uint32_t>(mpi.rank()));
  hello.set_ranks(static_cast<uint32_t>(mpi.size()));
  hello.set_local_rank(static_cast<uint32_t>(mpi.local_rank()));
  hello.set_pid(getpid());
  return hello;
}

// Rank 0's assignment on every rank.
absl::StatusOr<v1::Assignment> ShareWork(const v1::Assignment& own) {
  BB_ASSIGN_OR_RETURN(const auto meeting, MakeMpiCommunicator(kMeetingDeadline));
  std::string bytes = own.SerializeAsString();
  BB_RETURN_IF_ERROR(BroadcastBytes(*meeting, &bytes));
  v1::Assignment work;
  if (!work.ParseFromString(bytes)) return absl::InternalError("rank 0 sent no readable work");
  return work;
}

// All cases of a job have one.
std::string BackendOf(const v1::Assignment& work) {
  if (work.cases().empty() || work.cases(0).backend().empty()) return kCpuMpi;
  return work.cases(0).backend();
}

absl::Status RunRank(const MpiSession& mpi, DaemonLink& daemon, const v1::RankAssignment& told) {
  BB_RETURN_IF_ERROR(PinTo(told.cpus()));
  BB_ASSIGN_OR_RETURN(const v1::Assignment work, ShareWork(told.work()));
  const absl::Duration deadline = OptionsOf(work.measurement()).case_timeout + kSlack;
  BB_ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> world, MakeMpiCommunicator(deadline));
  const std::string backend = BackendOf(work);
  RankDeviceOptions options{backend, std::max(1, told.cpus_size()), told.gpu()};
  options.memory_bytes = told.memory_bytes();
  options.deadline = deadline;
  BB_ASSIGN_OR_RETURN(RankDevice rank, MakeRankDevice(options, *world));
  RunContext context{*world, *rank.device, daemon, backend, told.worker(), told.memory_bytes()};
  if (rank.world != nullptr) {
    BB_ASSIGN_OR_RETURN(context.gpu, MakeGpuMeasuring(*rank.device, told.gpu()));
  }
  context.device_world = std::move(rank.world);
  context.first_on_host = mpi.local_rank() == 0;
  context.libraries["mpi"] = MpiVersion();
  return RunAssignment(context, work);
}

absl::Status RunAttempt(int* argc, char*** argv) {
  BB_ASSIGN_OR_RETURN(const std::string attempt, RequireVariable("BASISBENCH_ATTEMPT"));
  BB_ASSIGN_OR_RETURN(const std::string socket, RequireVariable("BASISBENCH_WORKER_SOCKET"));
  BB_ASSIGN_OR_RETURN(const std::unique_ptr<MpiSession> mpi, MpiSession::Start(argc, argv));
  absl::Status outcome;
  auto daemon = DaemonLink::Connect(socket);
  if (!daemon.ok()) {
    outcome = daemon.status();
  } else {
    const auto told = (*daemon)->Introduce(HelloOf(*mpi, attempt), [] { _exit(kExitDaemonLost); });
    outcome = told.ok() ? RunRank(*mpi, **daemon, *told) : told.status();
  }
  if (outcome.ok()) return outcome;
  Log(LogLevel::kError, "runner", "rank gives up",
      {{"rank", mpi->rank()}, {"attempt", attempt}, {"error", outcome.ToString()}});
  // Finalising MPI would wait for ranks that may be gone; mpirun ends them when this one does.
  _exit(absl::IsUnavailable(outcome) ? kExitDaemonLost : kExitInternal);
}

}  // namespace

int RankMain(int* argc, char*** argv) {
  const absl::Status outcome = RunAttempt(argc, argv);
  if (outcome.ok()) return kExitDone;
  Log(LogLevel::kError, "runner", outcome.message());
  return absl::IsInvalidArgument(outcome) ? kExitUsage : kExitInternal;
}

}  // namespace basisbench
