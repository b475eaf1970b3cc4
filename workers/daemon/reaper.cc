// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/reaper.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"
#include "workers/daemon/process_tree.h"

namespace basisbench {
namespace {

constexpr absl::Duration kSweepInterval = absl::Milliseconds(500);

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return absl::ResourceExhaustedError(absl::StrCat("pipe: ", std::strerror(errno)));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void MakeNonBlocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn's two parameter objects, released with this.
class SpawnParameters {
 public:
  SpawnParameters() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnParameters() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  posix_spawn_file_actions_t* actions() { return &actions_; }
  posix_spawnattr_t* attributes() { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Reaper::Reaper() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  thread_ = std::jthread([this] { Run(); });
}

Reaper::~Reaper() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

void Reaper::Run() {
  while (true) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !tasks_.empty();
      };
      mutex_.AwaitWithTimeout(absl::Condition(&ready), kSweepInterval);
      if (stopping_ && tasks_.empty()) return;
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
    }
    if (task) {
      task();
    } else {
      ReapOrphans();
    }
  }
}

absl::StatusOr<Child> Reaper::Spawn(const SpawnOptions& options) {
  absl::StatusOr<Child> child = absl::InternalError("not started");
  absl::Mutex done_mutex;
  bool done = false;
  {
    absl::MutexLock lock(&mutex_);
    tasks_.push_back([&] {
      child = SpawnHere(options);
      absl::MutexLock done_lock(&done_mutex);
      done = true;
    });
  }
  absl::MutexLock lock(&done_mutex);
  done_mutex.Await(absl::Condition(&done));
  return child;
}

absl::StatusOr<Child> Reaper::SpawnHere(const SpawnOptions& options) {
  std::vector<std::string> argv;
  if (!options.guard.empty()) argv = {options.guard, "--parent", absl::StrCat(::getpid())};
  argv.insert(argv.end(), options.argv.begin(), options.argv.end());
  BB_ASSIGN_OR_RETURN(Pipe output, MakePipe());
  BB_ASSIGN_OR_RETURN(Pipe error, MakePipe());
  BB_ASSIGN_OR_RETURN(Pipe input, MakePipe());

  SpawnParameters parameters;
  if (options.pipe_stdin) {
    posix_spawn_file_actions_adddup2(parameters.actions(), input.read.get(), STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(parameters.actions(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(parameters.actions(), output.write.get(), STDOUT_FILENO);
  if (!options.inherit_stderr) {
    posix_spawn_file_actions_adddup2(parameters.actions(), error.write.get(), STDERR_FILENO);
  }
  posix_spawn_file_actions_addclosefrom_np(parameters.actions(), STDERR_FILENO + 1);

  const std::vector<char*> arguments = Pointers(argv);
  const std::vector<char*> environment = Pointers(options.environment);
  Child child;
  {
    // Held across the fork, so that a sweep cannot take the child for an orphan.
    absl::MutexLock lock(&mutex_);
    const int code = ::posix_spawnp(&child.pid, argv[0].c_str(), parameters.actions(),
                                    parameters.attributes(), arguments.data(), environment.data());
    if (code == ENOENT) return absl::NotFoundError(absl::StrCat("no program '", argv[0], "'"));
    if (code != 0)
      return absl::UnavailableError(
          absl::StrCat("cannot start '", argv[0], "': ", std::strerror(code)));
    own_.insert(child.pid);
  }
  child.ended = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (options.pipe_stdin) child.input = std::move(input.write);
  child.output = std::move(output.read);
  MakeNonBlocking(child.output.get());
  if (!options.inherit_stderr) {
    child.error = std::move(error.read);
    MakeNonBlocking(child.error.get());
  }
  return child;
}

std::optional<int> Reaper::Wait(pid_t pid, absl::Time deadline) {
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  while (true) {
    int status = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (::waitpid(pid, &status, WNOHANG) == pid) {
        own_.erase(pid);
        return status;
      }
    }
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return std::nullopt;
    // Without pidfd the poll is only a pause between looks.
    pollfd entry{handle.get(), POLLIN, 0};
    const absl::Duration pause = handle.valid() ? absl::Seconds(1) : absl::Milliseconds(10);
    ::poll(&entry, 1,
           static_cast<int>(absl::ToInt64Milliseconds(
               absl::Ceil(std::min(left, pause), absl::Milliseconds(1)))));
  }
}

void Reaper::ReapOrphans() {
  for (const ProcessInfo& process : ListProcesses()) {
    if (process.parent != ::getpid() || process.state != 'Z') continue;
    absl::MutexLock lock(&mutex_);
    if (!own_.contains(process.pid)) ::waitpid(process.pid, nullptr, WNOHANG);
  }
}

std::string DescribeWaitStatus(int wait_status) {
  if (WIFEXITED(wait_status)) return absl::StrCat("exit status ", WEXITSTATUS(wait_status));
  if (!WIFSIGNALED(wait_status)) return absl::StrCat("wait status ", wait_status);
  return absl::StrCat("signal ", WTERMSIG(wait_status), " (", ::strsignal(WTERMSIG(wait_status)),
                      ")");
}

int ShellStatus(int wait_status) {
  if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
  return 128 + WTERMSIG(wait_status);
}

}  // namespace basisbench
