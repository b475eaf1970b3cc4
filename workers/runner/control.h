// SPDX-License-Identifier: Apache-2.0
// What the harness itself says between ranks, outside every timed region: verdicts, decisions,
// records. All calls are collective over the communicator; an error means that the communicator is
// broken.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// `mine` of every rank, in rank order; all ranks pass the same number of values.
absl::StatusOr<std::vector<double>> GatherDoubles(Communicator& world,
                                                  absl::Span<const double> mine);

// Values of `root` on every rank, in place.
absl::Status BroadcastDoubles(Communicator& world, absl::Span<double> values, int root = 0);

// Bytes of every rank, of any length, in rank order.
absl::StatusOr<std::vector<std::string>> GatherBytes(Communicator& world, const std::string& mine);

// Bytes of rank 0 on every rank.
absl::Status BroadcastBytes(Communicator& world, std::string* bytes);

// Every rank gets the verdict of the first rank whose `mine` is an error, with that rank named; OK
// when none is.
struct Agreement {
  absl::Status verdict;
};
absl::StatusOr<Agreement> Agree(Communicator& world, const absl::Status& mine);

}  // namespace basisbench
