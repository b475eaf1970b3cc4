// SPDX-License-Identifier: Apache-2.0
// Change-of-basis scores of the operators of an attempt: made once per operator, the targets shared
// among its ranks, and kept for all of its records. One thread; Add is collective.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "workers/collectives/communicator.h"
#include "workers/expressiveness/score.h"
#include "workers/operators/operator.h"

namespace basisbench {

// The family an operator's matrices belong to at size n. A parameter that the operator chose for
// its own shape is chosen again for n; one that differs from its choice is kept as it is. The
// errors of ResolveFamily.
absl::StatusOr<FamilyInfo> FamilyOf(const Operator& op, const Problem& problem, int64_t n);

v1::ExpressivenessScore ScoreMessage(const Score& score);

class Scores {
 public:
  // Fits the targets of the operator's families, unless done before. Fails only where the
  // communicator does.
  absl::Status Add(Communicator& world, const Operator& op, const Problem& problem);

  // Fills in the record's scores, or the reason why there are none. `op` was added.
  void Fill(const Operator& op, const Problem& problem, v1::CaseResult* record) const;

 private:
  struct Entry {
    std::vector<v1::ExpressivenessScore> scores;
    std::string note;  // why there are none
  };
  std::map<std::string, Entry> entries_;  // by what names the operator
};

}  // namespace basisbench
