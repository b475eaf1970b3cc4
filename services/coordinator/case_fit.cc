// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/case_fit.h"

#include <algorithm>
#include <cstdint>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/base/backends.h"
#include "services/coordinator/did_you_mean.h"

namespace basisbench {
namespace {

std::string Gibibytes(int64_t bytes) {
  const double gibibytes = static_cast<double>(bytes) / (int64_t{1} << 30);
  return gibibytes < 1000 ? absl::StrFormat("%.3g GiB", gibibytes)
                          : absl::StrFormat("%.0f GiB", gibibytes);
}

std::string Describe(const v1::Case& item) {
  return absl::StrCat(item.shape().tokens(), "x", item.shape().d_in(), "x", item.shape().d_out(),
                      " ", item.dtype(), ", sharding ", item.sharding(), ", ", item.ranks(),
                      item.ranks() == 1 ? " rank" : " ranks");
}

// Said only where it may surprise.
std::string OfBackend(const std::string& backend) {
  return backend == kCpuMpi ? "" : absl::StrCat(" that offer ", backend);
}

uint64_t SlotsOf(absl::Span<const WorkerCapacity> workers) {
  uint64_t slots = 0;
  for (const WorkerCapacity& worker : workers) slots += worker.slots;
  return slots;
}

}  // namespace

absl::Status CheckBackend(const std::string& backend, const std::vector<std::string>& offered) {
  if (absl::c_linear_search(offered, backend)) return absl::OkStatus();
  std::vector<std::string> known = KnownBackends();
  if (absl::c_linear_search(known, backend)) {
    if (offered.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("spec.backend: no attached worker offers ",
                                                   backend,
                                                   "; offered: ", absl::StrJoin(offered, ", ")));
  }
  for (const std::string& name : offered) {
    if (!absl::c_linear_search(known, name)) known.push_back(name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("spec.backend: ", Quote(backend), " is not known", KnownNames(backend, known)));
}

bool HaveSlots(uint32_t ranks, absl::Span<const WorkerCapacity> workers) {
  return workers.empty() || ranks <= SlotsOf(workers);
}

absl::Status CheckRanksFit(const v1::JobSpec& spec, absl::Span<const WorkerCapacity> workers) {
  for (int i = 0; i < spec.ranks_size(); ++i) {
    if (HaveSlots(spec.ranks(i), workers)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "spec.ranks[", i, "]: ", spec.ranks(i), " ranks are more than the ", SlotsOf(workers),
        " slots of all attached workers", OfBackend(spec.backend())));
  }
  return absl::OkStatus();
}

std::string MemoryRefusal(const v1::Case& item, const v1::Cost& cost,
                          absl::Span<const WorkerCapacity> workers) {
  if (workers.empty() || cost.bytes_per_rank() <= 0) return "";
  uint64_t ranks = 0;
  int64_t largest = 0;
  for (const WorkerCapacity& worker : workers) {
    uint64_t room = worker.slots;
    if (worker.memory_bytes > 0) {
      const auto held = static_cast<uint64_t>(worker.memory_bytes / cost.bytes_per_rank());
      room = std::min<uint64_t>(room, held);
    }
    ranks += room;
    largest = std::max(largest, worker.memory_bytes);
  }
  if (ranks >= item.ranks()) return "";
  return absl::StrCat("needs ", Gibibytes(cost.bytes_per_rank()), " for each of ", item.ranks(),
                      " ranks; the attached workers have room for ", ranks,
                      " (largest memory of one: ", Gibibytes(largest), ")");
}

absl::Status CheckEachOperatorRuns(const v1::JobSpec& spec,
                                   absl::Span<const ExpandedCase> expanded) {
  std::vector<bool> runs(static_cast<size_t>(spec.operators_size()), false);
  std::vector<const ExpandedCase*> refused(runs.size(), nullptr);
  for (const ExpandedCase& expanded_case : expanded) {
    if (expanded_case.operator_index < 0) continue;
    const auto index = static_cast<size_t>(expanded_case.operator_index);
    if (expanded_case.refusal.empty()) {
      runs[index] = true;
    } else if (refused[index] == nullptr) {
      refused[index] = &expanded_case;
    }
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i]) continue;
    const std::string field = absl::StrCat(
        "spec.operators[", i, "]: ", Quote(spec.operators(static_cast<int>(i)).name()));
    if (refused[i] == nullptr)
      return absl::InvalidArgumentError(absl::StrCat(field, " has no case in this sweep"));
    return absl::InvalidArgumentError(absl::StrCat(field, " can run none of its cases; ",
                                                   Describe(refused[i]->item), ": ",
                                                   refused[i]->refusal));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
