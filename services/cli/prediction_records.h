// SPDX-License-Identifier: Apache-2.0
// From records to what the model is fitted to, and from declared costs to what it is asked. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "basisbench/v1/result.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/cli/prediction_model.h"

namespace basisbench {

// How ranks lay on the machines of the records, and would lie on more of the same.
struct Placement {
  // Most that are known to fit: seen in a record, or slots of an attached worker of that name.
  uint32_t ranks_per_worker = 1;
  uint32_t ranks_per_host = 1;
  // Measured copy roofs (bytes per second of one rank) by ranks on one host, which share a memory.
  std::map<uint32_t, std::vector<double>> copy_rates;

  Level LevelOf(uint32_t ranks) const;
  // Median roof of the density nearest to that of hosts filled one after the other.
  double CopyRate(uint32_t ranks) const;
};

struct FitRecords {
  std::vector<Observation> observations;
  Placement placement;
  std::map<std::string, size_t> left_out;  // number of records by reason
};

// FAILED_PRECONDITION when the records are of several method versions, machines or backends, or
// when none can be used.
absl::StatusOr<FitRecords> CollectObservations(absl::Span<const v1::CaseResult> records,
                                               absl::Span<const v1::WorkerInfo> workers);

// The kernel that decides gamma and mu of a case.
std::string KernelOf(const v1::Case& c);

// What a reader must know of the load of a case, if anything. FLOPs are declared for the whole gang
// and taken as evenly shared, which more ranks than rows or columns cannot do.
std::string SharingNote(const v1::Case& c);

// `cost` is that of `c`.
RankLoad LoadOf(const v1::Case& c, const v1::Cost& cost, const Placement& placement);

}  // namespace basisbench
