// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/finding.h"

#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {

void Worsen(Finding& finding, double residual, int64_t row) {
  if (std::isnan(residual)) residual = std::numeric_limits<double>::infinity();
  if (finding.row >= 0 && !(residual > finding.residual)) return;
  finding.residual = residual;
  finding.row = row;
}

absl::StatusOr<ValidationReport> WorstOfAll(const Finding& finding, double tolerance,
                                            Communicator& communicator) {
  const int ranks = communicator.size();
  std::vector<double> all(4 * ranks, 0.0);
  std::vector<Piece> pieces;
  for (int rank = 0; rank < ranks; ++rank) pieces.push_back({4 * rank, 4});
  double* own = all.data() + 4 * communicator.rank();
  own[0] = finding.residual;
  own[1] = static_cast<double>(finding.row);
  own[2] = finding.error_squares;
  own[3] = finding.reference_squares;
  BB_RETURN_IF_ERROR(communicator.AllGather(Dtype::kF64, all.data(), pieces));
  int worst = 0;
  double error_squares = 0, reference_squares = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    if (all[4 * rank] > all[4 * worst]) worst = rank;
    error_squares += all[4 * rank + 2];
    reference_squares += all[4 * rank + 3];
  }
  ValidationReport report{.residual = all[4 * worst], .tolerance = tolerance};
  if (reference_squares > 0) report.relative_error = std::sqrt(error_squares / reference_squares);
  report.passed = report.residual <= tolerance;
  if (!report.passed) {
    report.failure = absl::StrCat("row ", static_cast<int64_t>(all[4 * worst + 1]), " of rank ",
                                  worst, " is off by a scaled residual of ", report.residual,
                                  ", allowed is ", tolerance);
  }
  return report;
}

}  // namespace basisbench
