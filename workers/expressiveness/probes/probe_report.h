// SPDX-License-Identifier: Apache-2.0
// What token mixers whose matrix follows the data can express, as tables: which of the targets
// their classes of matrices hold, and how many pairs they recall.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "workers/expressiveness/probes/recall.h"
#include "workers/expressiveness/report.h"
#include "workers/expressiveness/targets.h"

namespace basisbench {

// One class of mixing matrices of n tokens on every target.
struct ClassProbe {
  std::string mixer;    // "linear_attention{d_k=16}"
  std::string measure;  // "captured energy", or "state" for the numbers a recurrence has to keep
  int64_t n = 0;
  std::vector<std::string> targets;
  std::vector<double> values;
};

// Recall of one number of pairs by every mixer.
struct RecallProbe {
  RecallTask task;
  std::vector<std::string> mixers;
  std::vector<Recall> recalls;
};

// Softmax attention with free logits, linear attention with keys of n/16 and n/4 numbers, and the
// state that a recurrence needs for the causal half of the target (for n up to 256: its cost grows
// as n^4). Complex targets are left out: their mixers are real. Errors of lapack.h.
absl::StatusOr<std::vector<ClassProbe>> ProbeClasses(absl::Span<const Target> targets);

// Keys of 64 numbers and 4 to 256 pairs. Errors of lapack.h.
absl::StatusOr<std::vector<RecallProbe>> ProbeRecall();

std::string PrintProbes(absl::Span<const ClassProbe> classes, absl::Span<const RecallProbe> recall,
                        ReportFormat format);

}  // namespace basisbench
