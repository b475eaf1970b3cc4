// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/ranks.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "workers/collectives/local.h"

namespace basisbench {
namespace {

Communicator* g_world = nullptr;

}  // namespace

void UseWorld(Communicator* world) { g_world = world; }

const std::vector<int>& RankCounts() {
  static const auto& counts = *new std::vector<int>(
      g_world == nullptr ? std::vector<int>{1, 2, 3, 4, 8} : std::vector<int>{g_world->size()});
  return counts;
}

std::string Backend() { return g_world == nullptr ? "local" : g_world->backend(); }

absl::Status RunRanks(int ranks, const std::function<absl::Status(Communicator&)>& body) {
  if (g_world == nullptr) return RunLocalRanks(ranks, body, absl::Seconds(60));
  if (g_world->size() != ranks) {
    return absl::InternalError(absl::StrCat("a case of ", ranks, " ranks among ", g_world->size()));
  }
  return body(*g_world);
}

}  // namespace basisbench
