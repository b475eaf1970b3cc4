// SPDX-License-Identifier: Apache-2.0
#include "services/cli/local_cluster.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/client.h"
#include "services/cli/node_share.h"

namespace basisbench {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(50);
constexpr absl::Duration kAnswerWithin = absl::Seconds(2);
constexpr absl::Duration kLockWithin = absl::Seconds(30);
constexpr absl::Duration kCleanUpGrace = absl::Seconds(10);
// `down` is not meant to wait for jobs: they go on at the next `up`.
constexpr char kDrainSeconds[] = "2";

// Held while a command changes the directory.
class DirectoryLock {
 public:
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Take(const LocalFiles& files) {
    std::error_code error;
    std::filesystem::create_directories(files.directory(), error);
    if (error || chmod(files.directory().c_str(), 0700) != 0) {
      return absl::UnavailableError(absl::StrCat("cannot create ", files.directory(), ": ",
                                                 error ? error.message() : std::strerror(errno)));
    }
    const int fd = open(files.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot open ", files.lock(), ": ", std::strerror(errno)));
    }
    std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd));
    const absl::Time deadline = absl::Now() + kLockWithin;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (absl::Now() > deadline) {
        return absl::DeadlineExceededError(
            absl::StrCat("another 'basisbench local' works on ", files.directory()));
      }
      absl::SleepFor(kLook);
    }
    return lock;
  }
  ~DirectoryLock() { close(fd_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

std::string LogTail(const std::string& path) {
  constexpr size_t kLines = 12;
  std::ifstream file(path);
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
    if (lines.size() > kLines) lines.pop_front();
  }
  return absl::StrJoin(lines, "\n  ");
}

absl::StatusOr<std::unique_ptr<Client>> Dial(const std::string& address) {
  return Client::Make(SecurityOptions(), address, kAnswerWithin);
}

// One `up` in progress. What it started is stopped again unless Keep was called.
class Starter {
 public:
  Starter(const LocalOptions& options, Interrupt& interrupt)
      : options_(options),
        files_(options.directory),
        interrupt_(interrupt),
        handler_(interrupt, [] {}),
        deadline_(absl::Now() + options.wait) {}
  ~Starter() {
    if (started_.empty()) return;
    std::vector<BackgroundProcess> processes;
    for (const LocalProcess& process : started_) processes.push_back(*process.process);
    if (!StopAll(processes, kCleanUpGrace).ok()) return;
    for (const LocalProcess& process : started_) unlink(files_.Pid(process.name).c_str());
  }

  absl::Status StartCoordinator() {
    unlink(files_.addresses().c_str());
    BB_RETURN_IF_ERROR(
        Start("coordinator", {options_.programs + "/basisbench-coordinator", "--listen",
                              absl::StrCat("127.0.0.1:", options_.grpc_port), "--http",
                              absl::StrCat("127.0.0.1:", options_.http_port), "--store",
                              files_.store(), "--ready-file", files_.addresses()}));
    return WaitUntil("the coordinator serves",
                     [this] { return !ReadLocalState(files_).coordinator.address.empty(); });
  }

  absl::Status StartWorker(uint32_t worker, const std::string& coordinator) {
    const NodeShare share = ShareOfNode(worker - 1, options_.workers);
    const std::string address = LocalWorkerAddress(worker);
    std::vector<std::string> arguments = {options_.programs + "/basisbench-worker",
                                          "--coordinator",
                                          coordinator,
                                          "--name",
                                          LocalWorkerName(worker),
                                          "--address",
                                          address,
                                          "--listen",
                                          absl::StrCat(address, ":0"),
                                          "--http",
                                          "127.0.0.1:0",
                                          "--cpus",
                                          absl::StrJoin(share.cpus, ","),
                                          "--memory",
                                          absl::StrCat(share.memory_bytes),
                                          "--work-dir",
                                          files_.WorkDirectory(worker),
                                          "--drain-timeout",
                                          kDrainSeconds};
    if (options_.slots > 0) {
      arguments.push_back("--slots");
      arguments.push_back(absl::StrCat(options_.slots));
    }
    return Start(LocalWorkerName(worker), arguments);
  }

  absl::Status WaitForWorkers(const std::string& coordinator) {
    BB_ASSIGN_OR_RETURN(const auto client, Dial(coordinator));
    return WaitUntil(absl::StrCat(options_.workers, " workers are attached"), [&] {
      const auto listed = client->ListWorkers();
      if (!listed.ok()) return false;
      uint32_t ready = 0;
      for (uint32_t i = 1; i <= options_.workers; ++i) {
        ready += std::any_of(listed->begin(), listed->end(), [&](const v1::WorkerInfo& info) {
          return info.name() == LocalWorkerName(i) && info.state() == v1::WORKER_STATE_READY;
        });
      }
      return ready == options_.workers;
    });
  }

  void Keep() { started_.clear(); }

 private:
  absl::Status Start(const std::string& name, const std::vector<std::string>& arguments) {
    LocalProcess process;
    process.name = name;
    process.log = files_.Log(name);
    BB_ASSIGN_OR_RETURN(process.process, StartBackground(arguments, process.log));
    started_.push_back(process);
    return WritePidFile(files_.Pid(name), *process.process);
  }

  absl::Status WaitUntil(const std::string& what, const std::function<bool()>& done) {
    while (!done()) {
      for (const LocalProcess& process : started_) {
        if (IsAlive(*process.process)) continue;
        return absl::UnavailableError(absl::StrCat("the ", process.name, " ended before ", what,
                                                   "; its log ", process.log, " ends with\n  ",
                                                   LogTail(process.log)));
      }
      if (absl::Now() > deadline_) {
        return absl::DeadlineExceededError(
            absl::StrCat("not within ", absl::FormatDuration(options_.wait), ": ", what,
                         "; logs are in ", files_.directory()));
      }
      if (interrupt_.WaitFor(kLook)) return absl::CancelledError("interrupted");
    }
    return absl::OkStatus();
  }

  const LocalOptions& options_;
  const LocalFiles files_;
  Interrupt& interrupt_;
  Interrupt::Handler handler_;
  const absl::Time deadline_;
  std::vector<LocalProcess> started_;
};

absl::StatusOr<DownReport> StopWhatRuns(const LocalFiles& files, absl::Duration grace) {
  const LocalState state = ReadLocalState(files);
  DownReport report;
  auto stop = [&](const std::vector<LocalProcess>& processes) -> absl::Status {
    std::vector<BackgroundProcess> running;
    for (const LocalProcess& process : processes) {
      if (process.alive) running.push_back(*process.process);
      if (process.process && !process.alive) ++report.stale;
    }
    BB_ASSIGN_OR_RETURN(const int killed, StopAll(running, grace));
    report.killed += killed;
    report.stopped += static_cast<int>(running.size());
    for (const LocalProcess& process : processes) unlink(files.Pid(process.name).c_str());
    return absl::OkStatus();
  };
  BB_RETURN_IF_ERROR(stop(state.workers));
  BB_RETURN_IF_ERROR(stop({state.coordinator}));
  unlink(files.addresses().c_str());
  return report;
}

bool RunsAlready(const LocalState& state, uint32_t worker) {
  return std::any_of(state.workers.begin(), state.workers.end(), [&](const LocalProcess& process) {
    return process.alive && process.name == LocalWorkerName(worker);
  });
}

}  // namespace

absl::StatusOr<UpReport> BringUp(const LocalOptions& options, Interrupt& interrupt) {
  const LocalFiles files(options.directory);
  BB_ASSIGN_OR_RETURN(const auto lock, DirectoryLock::Take(files));
  UpReport report;
  report.state = ReadLocalState(files);
  Starter starter(options, interrupt);
  if (report.state.coordinator.address.empty()) {
    // Workers without their coordinator look for it at an address nobody will have again.
    BB_RETURN_IF_ERROR(StopWhatRuns(files, kCleanUpGrace).status());
    BB_RETURN_IF_ERROR(starter.StartCoordinator());
    report.coordinator_started = true;
    report.state = ReadLocalState(files);
  }
  const std::string coordinator = report.state.coordinator.address;
  for (uint32_t i = 1; i <= options.workers; ++i) {
    if (RunsAlready(report.state, i)) continue;
    BB_RETURN_IF_ERROR(starter.StartWorker(i, coordinator));
    ++report.workers_started;
  }
  BB_RETURN_IF_ERROR(starter.WaitForWorkers(coordinator));
  starter.Keep();
  report.state = ReadLocalState(files);
  AskCoordinator(&report.state, kAnswerWithin);
  return report;
}

absl::StatusOr<DownReport> TakeDown(const std::string& directory, absl::Duration grace) {
  const LocalFiles files(directory);
  // Looking must not leave a directory behind.
  if (access(files.directory().c_str(), F_OK) != 0) return DownReport();
  BB_ASSIGN_OR_RETURN(const auto lock, DirectoryLock::Take(files));
  return StopWhatRuns(files, grace);
}

void AskCoordinator(LocalState* state, absl::Duration timeout) {
  if (state->coordinator.address.empty()) return;
  const auto client = Client::Make(SecurityOptions(), state->coordinator.address, timeout);
  if (!client.ok()) return;
  const auto listed = (*client)->ListWorkers();
  if (!listed.ok()) return;
  for (LocalProcess& worker : state->workers) {
    const auto found =
        std::find_if(listed->begin(), listed->end(),
                     [&](const v1::WorkerInfo& info) { return info.name() == worker.name; });
    if (found == listed->end()) continue;
    const std::string name = v1::WorkerState_Name(found->state());
    worker.state = name.substr(std::min(name.size(), sizeof("WORKER_STATE_") - 1));
  }
}

std::string ProgramFolder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

}  // namespace basisbench
