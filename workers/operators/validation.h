// SPDX-License-Identifier: Apache-2.0
// Is what a plan computed right? Three checks: a projection of the whole output against the float64
// reference (Freivalds 1979), exactness on integer operands, and counted traffic against the
// declared.
//
// Every rank checks the whole of its own shard: its columns are projected on random weights that
// are zero elsewhere, and the reference is asked for the same. So every replica of a replicated
// output is checked, nothing is counted twice, and the cost is O(NK + KM). The reference is
// computed in host memory; the output is read where it lies. The functions that take a communicator
// are collective and return the same report on every rank; they fail only where the communicator
// does.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"
#include "workers/operators/operator.h"
#include "workers/operators/output_reader.h"

namespace basisbench {

struct ValidationOptions {
  uint64_t seed = 1;  // of the random weights
  int vectors = 2;    // independent projections
  // Largest scaled residual |z - z_ref| / (u sqrt(k) magnitude) that passes, k and magnitude as the
  // operator says. The error model gives 0.425 for one standard deviation, so this is over nine of
  // them.
  double tolerance = 4.0;
};

struct ValidationReport {
  bool passed = false;
  double residual =
      0;  // worst over ranks, rows and vectors; infinite where the output is not a number
  double tolerance = 0;       // what `residual` was compared with
  double relative_error = 0;  // ||z - z_ref|| / ||z_ref|| over all ranks, rows and vectors
  std::string failure;        // why it did not pass, naming rank and row; empty when it did
};

// Overwrites an output in host memory with NaN, so that a run that leaves parts of it untouched is
// caught.
void PoisonOutput(const Shard& output);

// Compares the output with the reference of the operands that the plan was filled with.
absl::StatusOr<ValidationReport> CheckProjection(const Operator& op, const Problem& problem,
                                                 const Operands& operands, const Shard& output,
                                                 OutputReader& reader, Communicator& communicator,
                                                 const ValidationOptions& options = {});

// OK when an output computed from integer operands (Distribution::kInteger) has to be exact;
// otherwise UNIMPLEMENTED with the reason why the exact check is skipped.
absl::Status CanCheckExactly(const Operator& op, const Problem& problem);

// The caller has filled the plan with integer `operands` and run it again. Bit for bit: integer
// weights make the projections exact too, and a few whole rows are compared element by element.
absl::StatusOr<ValidationReport> CheckExact(const Operator& op, const Problem& problem,
                                            const Operands& operands, const Shard& output,
                                            OutputReader& reader, Communicator& communicator,
                                            const ValidationOptions& options = {});

// Backward: every output is a gradient. Its pairing with random changes of this rank's part has to
// be the derivative of the forward reference along them (the adjoint identity where Y is linear in
// the input). Of "dx" a few of the rank's rows are drawn, and a part of weights with over a million
// elements.
absl::StatusOr<ValidationReport> CheckGradients(const Operator& op, const Problem& problem,
                                                const Operands& operands,
                                                absl::Span<const Shard> outputs,
                                                OutputReader& reader, Communicator& communicator,
                                                const ValidationOptions& options = {});

// The check of the problem's direction.
absl::StatusOr<ValidationReport> CheckOutputs(const Operator& op, const Problem& problem,
                                              const Operands& operands,
                                              absl::Span<const Shard> outputs, OutputReader& reader,
                                              Communicator& communicator,
                                              const ValidationOptions& options = {});

// The global tensor that an output shard is a part of: "y" or the gradient of one of
// Operator::Tensors.
TensorShape OutputShape(const Operator& op, const Problem& problem, absl::string_view tensor);

// Every global element of the output belongs to some rank: INTERNAL naming a row and column that
// does not. Collective.
absl::Status CheckCoverage(const TensorShape& whole, const Shard& output,
                           Communicator& communicator);

// Counted minus declared must be nothing: calls, messages and bytes of every collective of
// `iterations` runs. INTERNAL naming the collective and both figures. Local to the rank.
absl::Status CheckTraffic(const TrafficTable& declared, const TrafficTable& before,
                          const TrafficTable& after, int64_t iterations);

}  // namespace basisbench
