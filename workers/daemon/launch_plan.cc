// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/launch_plan.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "services/base/status_macros.h"
#include "workers/daemon/framing.h"
#include "workers/daemon/unique_fd.h"

namespace basisbench {
namespace {

constexpr char kOutcomeSuffix[] = ".outcome";

// Host names go into file names; anything unusual is replaced.
std::string FileName(const std::string& host) {
  std::string name;
  for (const char c : host)
    name.push_back(std::isalnum(static_cast<unsigned char>(c)) || c == '.' ? c : '_');
  return name;
}

std::string Text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

absl::StatusOr<nlohmann::json> ReadObject(const std::string& path) {
  BB_ASSIGN_OR_RETURN(const std::string content, ReadWholeFile(path));
  nlohmann::json object = nlohmann::json::parse(content, nullptr, false);
  if (!object.is_object())
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a JSON object"));
  return object;
}

}  // namespace

absl::Status WritePrivateFile(const std::string& path, const std::string& content) {
  const std::string temporary = absl::StrCat(path, ".new");
  {
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid())
      return absl::UnavailableError(
          absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
    const absl::Status written = WriteAll(fd.get(), content, absl::Now() + absl::Seconds(30));
    if (!written.ok()) {
      ::unlink(temporary.c_str());
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot write ", path, ": ", written.message()));
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

absl::Status WriteLaunchPlan(const std::string& path, const LaunchPlan& plan) {
  nlohmann::json peers = nlohmann::json::array();
  for (const LaunchPeer& peer : plan.peers) {
    peers.push_back({{"host", peer.host},
                     {"target", peer.target},
                     {"worker", peer.worker},
                     {"token", peer.token}});
  }
  const nlohmann::json object = {{"attempt", plan.attempt_id},
                                 {"certificate", plan.security.tls_certificate_file},
                                 {"key", plan.security.tls_key_file},
                                 {"ca", plan.security.tls_ca_file},
                                 {"token_file", plan.security.token_file},
                                 {"insecure", plan.security.insecure},
                                 {"peers", peers}};
  return WritePrivateFile(path,
                          object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

absl::StatusOr<LaunchPlan> ReadLaunchPlan(const std::string& path) {
  BB_ASSIGN_OR_RETURN(const nlohmann::json object, ReadObject(path));
  LaunchPlan plan;
  plan.attempt_id = Text(object, "attempt");
  plan.security.tls_certificate_file = Text(object, "certificate");
  plan.security.tls_key_file = Text(object, "key");
  plan.security.tls_ca_file = Text(object, "ca");
  plan.security.token_file = Text(object, "token_file");
  plan.security.insecure = object.contains("insecure") && object["insecure"] == true;
  if (!object.contains("peers") || !object["peers"].is_array()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has no list of peers"));
  }
  for (const nlohmann::json& peer : object["peers"]) {
    if (!peer.is_object())
      return absl::InvalidArgumentError(absl::StrCat(path, " has a peer that is no object"));
    plan.peers.push_back(
        {Text(peer, "host"), Text(peer, "target"), Text(peer, "worker"), Text(peer, "token")});
  }
  return plan;
}

absl::Status WriteLaunchOutcome(const std::string& plan_path, const LaunchOutcome& outcome) {
  const nlohmann::json object = {{"host", outcome.host},
                                 {"worker", outcome.worker},
                                 {"started", outcome.started},
                                 {"error", outcome.error},
                                 {"exit_status", outcome.exit_status},
                                 {"out_of_memory", outcome.out_of_memory}};
  return WritePrivateFile(absl::StrCat(plan_path, ".", FileName(outcome.host), kOutcomeSuffix),
                          object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::vector<LaunchOutcome> ReadLaunchOutcomes(const std::string& plan_path) {
  std::vector<LaunchOutcome> outcomes;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(plan_path).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != kOutcomeSuffix) continue;
    const absl::StatusOr<nlohmann::json> object = ReadObject(entry.path().string());
    if (!object.ok()) continue;
    LaunchOutcome outcome{Text(*object, "host"), Text(*object, "worker")};
    outcome.started = object->contains("started") && object->at("started") == true;
    outcome.error = Text(*object, "error");
    if (object->contains("exit_status") && object->at("exit_status").is_number_integer()) {
      outcome.exit_status = object->at("exit_status").get<int>();
    }
    outcome.out_of_memory =
        object->contains("out_of_memory") && object->at("out_of_memory") == true;
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace basisbench
