// SPDX-License-Identifier: Apache-2.0
// What a local cluster left in its directory: pid files, logs, the coordinator's addresses, its
// store. Reading never fails and never waits for anything but /proc; what cannot be read does not
// run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/cli/background.h"
#include "services/cli/table.h"

namespace basisbench {

inline constexpr uint32_t kMostLocalWorkers = 64;

// $XDG_STATE_HOME/basisbench/local, or ~/.local/state/basisbench/local.
std::string DefaultLocalDirectory();

// Names inside one directory.
class LocalFiles {
 public:
  // Made absolute, so that the daemons need not run where the command did.
  explicit LocalFiles(const std::string& directory);

  const std::string& directory() const { return directory_; }
  std::string lock() const { return directory_ + "/lock"; }
  std::string store() const { return directory_ + "/store.db"; }
  std::string addresses() const { return directory_ + "/coordinator.json"; }
  std::string Pid(const std::string& name) const { return directory_ + "/" + name + ".pid"; }
  std::string Log(const std::string& name) const { return directory_ + "/" + name + ".log"; }
  // Short enough for the sockets a worker makes in it.
  std::string WorkDirectory(uint32_t worker) const;

 private:
  std::string directory_;
};

// Worker numbers count from 1.
std::string LocalWorkerName(uint32_t worker);
std::string LocalWorkerAddress(uint32_t worker);

struct LocalProcess {
  std::string name;
  std::string address;
  std::string log;
  std::optional<BackgroundProcess> process;  // absent: no pid file
  bool alive = false;
  std::string state;  // of a worker, as the coordinator tells it; empty when it was not asked
};

struct LocalState {
  std::string directory;
  LocalProcess coordinator;  // its address is empty when it does not run
  std::string page;
  std::vector<LocalProcess> workers;  // those with a pid file

  // "up", "partial" or "down".
  std::string Summary() const;
};

LocalState ReadLocalState(const LocalFiles& files);

// Address of the coordinator that `local up` started in the default directory, when it runs.
std::optional<std::string> RunningLocalCoordinator();

// `coordinator`, `page`, `workers`, ... for scripts; one row per process for people.
Json LocalStateJson(const LocalState& state);
Table LocalStateTable(const LocalState& state);

}  // namespace basisbench
