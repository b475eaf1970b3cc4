// SPDX-License-Identifier: Apache-2.0
// Shapes of real models: the rows of presets/models.csv and the sites of one layer that follow from
// each. Immutable after Parse; any thread. Adding a model is adding a row.
//
// Sites: q, k, v, o (attention projections), gate, up, down (feed-forward), head (output
// vocabulary), and mix, the mixing of tokens that an operator such as a Fourier transform can take
// over. GPT-2, BERT and FNet layers have no gate; FNet has no attention projections. In mixture
// models the feed-forward counts once per active expert.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "basisbench/v1/job.pb.h"

namespace basisbench {

// The embedded table.
extern const char kModelsCsv[];

class Presets {
 public:
  // INVALID_ARGUMENT naming the line and column that is wrong.
  static absl::StatusOr<Presets> Parse(absl::string_view csv);

  // The embedded table; aborts when it is broken, which a test excludes.
  static const Presets& Builtin();

  const std::vector<v1::PresetInfo>& all() const { return presets_; }

  // NOT_FOUND with the nearest names.
  absl::StatusOr<const v1::PresetInfo*> Find(absl::string_view name) const;

 private:
  std::vector<v1::PresetInfo> presets_;
};

}  // namespace basisbench
