// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/attempt.h"

#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "workers/daemon/launch_plan.h"
#include "workers/daemon/memory_limit.h"
#include "workers/daemon/network.h"
#include "workers/daemon/process_tree.h"

namespace basisbench {
namespace {

constexpr absl::Duration kDefaultCaseTimeout = absl::Seconds(120);
constexpr absl::Duration kTokenLife = absl::Seconds(60);
constexpr absl::Duration kAgentPatience = absl::Milliseconds(500);
constexpr int kLookMilliseconds = 50;

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

void Drain(UniqueFd& fd, OutputTail& tail) {
  char chunk[16384];
  while (fd.valid()) {
    const ssize_t got = ::read(fd.get(), chunk, sizeof chunk);
    if (got == 0) fd.Reset();
    if (got <= 0) return;
    tail.Append(absl::string_view(chunk, static_cast<size_t>(got)));
  }
}

}  // namespace

Attempt::Attempt(const AttemptServices& services, v1::PrepareAttempt prepare, AttemptShare share)
    : services_(services),
      prepare_(std::move(prepare)),
      share_(std::move(share)),
      tokens_(prepare_.secret(), prepare_.attempt_id(), services.worker) {}

absl::StatusOr<std::unique_ptr<Attempt>> Attempt::Prepare(const AttemptServices& services,
                                                          const v1::PrepareAttempt& prepare,
                                                          AttemptShare share) {
  std::unique_ptr<Attempt> attempt(new Attempt(services, prepare, std::move(share)));
  BB_RETURN_IF_ERROR(attempt->SetUp());
  attempt->thread_ = std::jthread([raw = attempt.get()] { raw->Run(); });
  return attempt;
}

Attempt::~Attempt() {
  Abort(AbortKind::kDisowned, "the daemon ends");
  if (thread_.joinable()) thread_.join();
  ranks_.reset();
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  if (!shared_memory_.empty()) std::filesystem::remove_all(shared_memory_, ignored);
}

absl::Status Attempt::SetUp() {
  {
    absl::MutexLock lock(&mutex_);
    evidence_.attempt_id = id();
  }
  // Short, because a socket's path is limited; the worker's name tells daemons of one machine
  // apart.
  const std::string name = absl::StrFormat("%016x", absl::HashOf(id(), services_.worker));
  directory_ = absl::StrCat(services_.work_directory, "/", name);
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (::mkdir(directory_.c_str(), 0700) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot create ", directory_, ": ", std::strerror(errno)));
  }
  // Memory-backed where the machine has it; files on a disk would be measured as slow
  // communication.
  shared_memory_ = absl::StrCat("/dev/shm/basisbench-", name);
  std::filesystem::remove_all(shared_memory_, error);
  if (::mkdir(shared_memory_.c_str(), 0700) != 0) shared_memory_ = directory_;
  RankServerOptions options;
  options.socket_path = directory_ + "/s";
  options.attempt_id = id();
  options.worker = services_.worker;
  options.slots = share_.slots;
  BB_ASSIGN_OR_RETURN(ranks_, RankServer::Start(std::move(options), this));
  return absl::OkStatus();
}

void Attempt::Start(const v1::StartAttempt& start) {
  absl::MutexLock lock(&mutex_);
  if (start_ || closing_) return;
  start_ = start;
  for (const v1::Case& one : start.cases()) missing_.insert(one.index());
  const absl::Duration timeout = FromProto(start.measurement().case_timeout());
  case_timeout_ = timeout > absl::ZeroDuration() ? timeout : kDefaultCaseTimeout;
}

bool Attempt::Abort(AbortKind kind, const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  if (released_) return false;
  // A request is answered even when the attempt is ending for another reason.
  if (abort_) {
    if (kind == AbortKind::kRequested) abort_ = kind;
    return true;
  }
  abort_ = kind;
  if (kind == AbortKind::kLeaving) {
    evidence_.peer_error = reason;
  } else {
    evidence_.abort_reason = reason;
  }
  return true;
}

bool Attempt::done() const {
  absl::MutexLock lock(&mutex_);
  return done_;
}

void Attempt::Run() {
  std::optional<v1::StartAttempt> start;
  {
    absl::MutexLock lock(&mutex_);
    const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return start_ || abort_ || (launches_ > 0 && active_launches_ == 0);
    };
    // The leader's own launches begin after its start, so they cannot be mistaken for a member's
    // only one.
    mutex_.Await(absl::Condition(&ready));
    if (start_) start = start_;
  }
  if (start) RunRanks(*start);
  bool released = false;
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    const auto idle = [this]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return active_launches_ == 0; };
    mutex_.Await(absl::Condition(&idle));
    released = abort_ == AbortKind::kRequested;
    released_ = true;
  }
  if (released) services_.observer->OnReleased(id());
  absl::MutexLock lock(&mutex_);
  done_ = true;
}

void Attempt::RunRanks(const v1::StartAttempt& start) {
  const uint64_t kills_before = OutOfMemoryKills();
  v1::Assignment work;
  work.set_job_id(prepare_.job_id());
  work.set_attempt_id(id());
  *work.mutable_cases() = start.cases();
  *work.mutable_measurement() = start.measurement();
  work.set_expressiveness(start.expressiveness());
  ranks_->SetWork(std::move(work));
  {
    absl::MutexLock lock(&mutex_);
    launched_ = absl::Now();
    SetDeadline(services_.launch_timeout, "no rank reported after the launch");
  }
  absl::StatusOr<Child> child = SpawnMpirun(start);
  if (!child.ok()) {
    absl::MutexLock lock(&mutex_);
    evidence_.launch_error = std::string(child.status().message());
  } else {
    Follow(*child);
  }
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    const auto idle = [this]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return active_launches_ == 0; };
    mutex_.Await(absl::Condition(&idle));
  }
  Finish(kills_before);
}

absl::StatusOr<std::vector<std::string>> Attempt::WritePlan() {
  LaunchPlan plan{id(), services_.security, {}};
  std::vector<std::string> hosts;
  for (const v1::GangMember& member : prepare_.gang()) {
    BB_ASSIGN_OR_RETURN(const std::string host, ResolveIpv4(member.address()));
    BB_ASSIGN_OR_RETURN(const std::string nonce, MakeNonce());
    const LaunchGrant grant{id(), member.worker(), absl::Now() + kTokenLife, nonce};
    plan.peers.push_back({host, absl::StrCat(member.address(), ":", member.launch_port()),
                          member.worker(), SignLaunchToken(prepare_.secret(), grant)});
    hosts.push_back(host);
  }
  BB_RETURN_IF_ERROR(WriteLaunchPlan(directory_ + "/plan.json", plan));
  return hosts;
}

NodeEnvironment Attempt::Node(const std::string& tag) const {
  return {id(), directory_ + "/s", directory_, shared_memory_, tag, "", services_.programs};
}

absl::StatusOr<Child> Attempt::SpawnMpirun(const v1::StartAttempt& start) {
  MpirunRequest request;
  BB_ASSIGN_OR_RETURN(request.hosts, WritePlan());
  for (const v1::GangMember& member : prepare_.gang()) request.slots.push_back(member.slots());
  request.ranks = start.ranks();
  BB_ASSIGN_OR_RETURN(request.network, CommonNetwork(request.hosts));
  request.agent = services_.programs.agent;
  SpawnOptions options;
  BB_ASSIGN_OR_RETURN(options.argv, MakeMpirunCommand(request));
  NodeEnvironment node = Node(id() + "/mpirun");
  node.launch_plan = directory_ + "/plan.json";
  options.environment = MakeNodeEnvironment(node, OwnEnvironment());
  options.guard = services_.programs.guard;
  return services_.reaper->Spawn(options);
}

bool Attempt::MustStop() {
  absl::MutexLock lock(&mutex_);
  if (!evidence_.deadline && absl::Now() >= deadline_) evidence_.deadline = deadline_text_;
  return abort_.has_value() || evidence_.deadline.has_value();
}

void Attempt::Follow(Child& child) {
  bool ended = false;
  while (!ended && !MustStop()) {
    pollfd entries[3] = {{child.output.get(), POLLIN, 0},
                         {child.error.get(), POLLIN, 0},
                         {child.ended.get(), POLLIN, 0}};
    ::poll(entries, 3, kLookMilliseconds);
    Drain(child.output, tail_);
    Drain(child.error, tail_);
    ended = (entries[2].revents & POLLIN) != 0;
  }
  // An agent that has just seen its daemon end is given the time to write down how.
  const absl::Time patience = absl::Now() + kAgentPatience;
  while (ended && absl::Now() < patience && !ProcessesOfTag(id() + "/mpirun").empty()) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  KillOptions kill;
  kill.root = ended ? -1 : child.pid;
  const absl::Status killed = KillProcessesOfTag(*services_.reaper, id() + "/mpirun", kill);
  if (!killed.ok()) Log(LogLevel::kError, "attempt", killed.message(), {{"attempt", id()}});
  const std::optional<int> status =
      services_.reaper->Wait(child.pid, absl::Now() + absl::Seconds(5));
  Drain(child.output, tail_);
  Drain(child.error, tail_);
  absl::MutexLock lock(&mutex_);
  evidence_.wait_status = status;
}

void Attempt::AddLaunchEvidence(AttemptEvidence& evidence) const {
  for (const LaunchOutcome& outcome : ReadLaunchOutcomes(directory_ + "/plan.json")) {
    evidence.out_of_memory = evidence.out_of_memory || outcome.out_of_memory;
    if (!outcome.error.empty()) {
      std::optional<std::string>& error =
          outcome.started ? evidence.peer_error : evidence.launch_error;
      if (!error)
        error = absl::StrCat("worker ", outcome.worker, " (", outcome.host, "): ", outcome.error);
    } else if (outcome.exit_status > 128 && !evidence.peer_error) {
      evidence.peer_error =
          absl::StrCat("Open MPI's daemon on worker ", outcome.worker, " (", outcome.host,
                       ") ended by signal ", outcome.exit_status - 128);
    }
  }
}

void Attempt::Finish(uint64_t kills_before) {
  AttemptEvidence evidence;
  std::optional<AbortKind> abort;
  {
    absl::MutexLock lock(&mutex_);
    evidence = evidence_;
    abort = abort_;
  }
  evidence.output_tail = tail_.Text();
  evidence.out_of_memory = OutOfMemoryKills() > kills_before;
  if (!abort) AddLaunchEvidence(evidence);
  const v1::AttemptFinished finished = ClassifyAttemptEnd(evidence);
  Log(finished.end() == v1::ATTEMPT_END_COMPLETED ? LogLevel::kInfo : LogLevel::kWarning, "attempt",
      "ended",
      {{"attempt", id()},
       {"end", v1::AttemptEnd_Name(finished.end())},
       {"detail", finished.detail()}});
  if (abort != AbortKind::kDisowned) services_.observer->OnFinished(finished);
}

}  // namespace basisbench
