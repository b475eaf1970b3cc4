// SPDX-License-Identifier: Apache-2.0
#include "services/cli/local_state.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

// A worker makes sockets below its directory; the kernel allows 107 characters for their paths.
constexpr size_t kLongestWorkDirectory = 80;

LocalProcess ReadProcess(const LocalFiles& files, const std::string& name) {
  LocalProcess found;
  found.name = name;
  found.log = files.Log(name);
  found.process = ReadPidFile(files.Pid(name));
  found.alive = found.process && IsAlive(*found.process);
  return found;
}

// Text at `key` of the file the coordinator writes once it serves; empty while it does not.
std::string AddressIn(const LocalFiles& files, const char* key) {
  std::ifstream file(files.addresses());
  const Json value = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || !value.contains(key) || !value[key].is_string()) return "";
  return value[key].get<std::string>();
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json PidOrNull(const LocalProcess& process) {
  return process.alive ? Json(process.process->pid) : Json(nullptr);
}

std::string StateText(const LocalProcess& process) {
  if (!process.alive) return "gone";
  return process.state.empty() ? "running" : process.state;
}

}  // namespace

std::string DefaultLocalDirectory() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return absl::StrCat(state, "/basisbench/local");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr && *home != '\0' ? home : "/tmp",
                      "/.local/state/basisbench/local");
}

LocalFiles::LocalFiles(const std::string& directory) {
  std::error_code ignored;
  directory_ = std::filesystem::absolute(directory, ignored).lexically_normal().string();
  while (directory_.size() > 1 && directory_.back() == '/') directory_.pop_back();
}

std::string LocalFiles::WorkDirectory(uint32_t worker) const {
  const std::string inside = absl::StrCat(directory_, "/w", worker);
  if (inside.size() <= kLongestWorkDirectory) return inside;
  // The hash keeps clusters of several directories apart.
  return absl::StrCat("/tmp/basisbench-", ::getuid(), "/local-",
                      absl::Hex(std::hash<std::string>()(directory_)), "-w", worker);
}

std::string LocalWorkerName(uint32_t worker) { return absl::StrCat("local-", worker); }

std::string LocalWorkerAddress(uint32_t worker) { return absl::StrCat("127.0.0.", worker + 1); }

std::string LocalState::Summary() const {
  const bool any_worker = std::any_of(workers.begin(), workers.end(),
                                      [](const LocalProcess& worker) { return worker.alive; });
  const bool all_workers = std::all_of(workers.begin(), workers.end(),
                                       [](const LocalProcess& worker) { return worker.alive; });
  if (!coordinator.alive && !any_worker) return "down";
  return coordinator.alive && !coordinator.address.empty() && all_workers && !workers.empty()
             ? "up"
             : "partial";
}

LocalState ReadLocalState(const LocalFiles& files) {
  LocalState state;
  state.directory = files.directory();
  state.coordinator = ReadProcess(files, "coordinator");
  if (state.coordinator.alive) {
    state.coordinator.address = AddressIn(files, "grpc");
    const std::string http = AddressIn(files, "http");
    if (!http.empty()) state.page = absl::StrCat("http://", http, "/");
  }
  for (uint32_t i = 1; i <= kMostLocalWorkers; ++i) {
    LocalProcess worker = ReadProcess(files, LocalWorkerName(i));
    if (!worker.process) continue;
    worker.address = LocalWorkerAddress(i);
    state.workers.push_back(std::move(worker));
  }
  return state;
}

std::optional<std::string> RunningLocalCoordinator() {
  const LocalFiles files(DefaultLocalDirectory());
  if (!ReadProcess(files, "coordinator").alive) return std::nullopt;
  const std::string address = AddressIn(files, "grpc");
  if (address.empty()) return std::nullopt;
  return address;
}

Json LocalStateJson(const LocalState& state) {
  Json workers = Json::array();
  for (const LocalProcess& worker : state.workers) {
    workers.push_back({{"name", worker.name},
                       {"state", StateText(worker)},
                       {"pid", PidOrNull(worker)},
                       {"address", worker.address},
                       {"log", worker.log}});
  }
  return {{"state", state.Summary()},
          {"coordinator", TextOrNull(state.coordinator.address)},
          {"page", TextOrNull(state.page)},
          {"pid", PidOrNull(state.coordinator)},
          {"log", state.coordinator.log},
          {"directory", state.directory},
          {"workers", workers}};
}

Table LocalStateTable(const LocalState& state) {
  Table table{.columns = {{"name"}, {"state"}, {"pid", Audience::kAll, true}, {"address"}, {"log"}},
              .rows = {},
              .empty = ""};
  auto add = [&](const LocalProcess& process) {
    table.rows.push_back({{Json(process.name), Json(StateText(process)), PidOrNull(process),
                           TextOrNull(process.address), Json(process.log)},
                          ""});
  };
  if (state.coordinator.process) add(state.coordinator);
  for (const LocalProcess& worker : state.workers) add(worker);
  return table;
}

}  // namespace basisbench
