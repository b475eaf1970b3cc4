// SPDX-License-Identifier: Apache-2.0
// An operator f(W,X): what it is (data), what it costs (functions of the problem), how it runs
// (plans), and what it should give (an independent float64 reference). One file per operator;
// registration is the last line of that file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"
#include "workers/operators/input_values.h"
#include "workers/operators/problem.h"

namespace basisbench {

struct ParameterDescription {
  std::string name;
  std::string description;
  std::string default_value;  // empty: chosen from the shape by Resolve
  int64_t minimum = 0;
  int64_t maximum = 0;  // both 0: not an integer
};

// What every operator runs in: f32 and f64, the halves as storage, and f32 with products in tf32
// (stored.h).
inline std::vector<Dtype> EveryDtype() {
  return {Dtype::kF32, Dtype::kF64, Dtype::kBf16, Dtype::kF16, Dtype::kTf32};
}

struct OperatorDescription {
  std::string name;
  std::string family;   // "dense", "transform", "structured", "elementwise"
  std::string axis;     // "channel", "token", "both"
  std::string formula;  // one line of mathematics
  std::string source;   // paper, equation
  std::string flops_formula;
  std::vector<ParameterDescription> parameters;
  std::vector<std::string> shardings;  // first is the default
  std::vector<Dtype> dtypes;
  std::vector<std::string> directions;
};

// Declared cost of one iteration. Traffic is per rank, since uneven shards send unevenly.
struct OperatorCost {
  int64_t parameters = 0;
  double flops_executed = 0;                     // all ranks
  double flops_effective = 0;                    // dense equivalent
  double bytes_min = 0;                          // all ranks
  std::vector<int64_t> memory_bytes;             // per rank: operands, output, workspace
  std::vector<TrafficTable> traffic;             // per rank
  std::optional<double> wire_bytes_lower_bound;  // most loaded rank
  std::string lower_bound_source;
};

// A global matrix by name.
struct TensorShape {
  std::string name;
  int64_t rows = 0, cols = 0;
};

// A shard of a named global matrix as one rank holds it: local element (i,j), at data[i*leading +
// j], is the global element (rows[i], cols[j]).
struct Shard {
  std::string tensor;  // "x", "w", "w1", ..., "y"; "dy", "dx", "dw1", ... of the backward direction
  Dtype dtype = Dtype::kF32;
  void* data = nullptr;
  int64_t leading = 0;  // elements
  std::vector<int64_t> rows;
  std::vector<int64_t> cols;
};

// The global operands of a case: values by tensor name, already including each tensor's scale.
class Operands {
 public:
  virtual ~Operands() = default;
  // Value of a tensor's global element, rounded to the case's dtype.
  virtual double At(absl::string_view tensor, int64_t row, int64_t col) const = 0;
  // Elements (row, first_col ... first_col + out.size() - 1): the same values, faster than one by
  // one.
  virtual void Row(absl::string_view tensor, int64_t row, int64_t first_col,
                   absl::Span<double> out) const {
    for (size_t j = 0; j < out.size(); ++j)
      out[j] = At(tensor, row, first_col + static_cast<int64_t>(j));
  }
};

// A validated, allocated, ready-to-run case on one rank. The timed region is Run() and nothing
// else; Run never allocates, and may be repeated without refilling inputs: it leaves them as they
// were.
class Plan {
 public:
  virtual ~Plan() = default;
  // One iteration with its communication. Collective over the plan's communicator. What it issued
  // may still be under way on the device: whoever reads the outputs synchronises. A plan of one
  // rank never waits for the device and calls no communicator.
  virtual absl::Status Run() = 0;
  // The same arithmetic without communication, and the communication without arithmetic, for the
  // overlap figure; UNIMPLEMENTED with the reason when they cannot be taken apart. Outputs are then
  // meaningless.
  virtual absl::Status RunCompute() {
    return absl::UnimplementedError("arithmetic cannot run alone");
  }
  virtual absl::Status RunCommunication() {
    return absl::UnimplementedError("communication cannot run alone");
  }
  // This rank's input shards (operands the harness fills before the first run).
  virtual std::vector<Shard> Inputs() = 0;
  // This rank's parts of the outputs: "y" forward; backward the gradient of every input, "dx",
  // "dw", ..., in the order of Operator::Tensors. Every global element is owned by at least one
  // rank; replicated outputs are returned by each rank that holds them.
  virtual std::vector<Shard> Outputs() = 0;
  // Process grid in use, "RxC"; empty when there is none.
  virtual std::string Grid() const { return ""; }
};

class Operator {
 public:
  virtual ~Operator() = default;

  virtual const OperatorDescription& description() const = 0;

  // Fills in defaults and own choices (parameters, grid) and refuses what cannot run, naming the
  // thing and the value: INVALID_ARGUMENT for a wrong parameter, UNIMPLEMENTED for a shape or
  // sharding outside the mathematics.
  virtual absl::StatusOr<Problem> Resolve(const Problem& problem) const = 0;

  // The differentiable inputs of the forward direction: "x" first, then the weights.
  virtual std::vector<TensorShape> Tensors(const Problem& problem) const {
    return {{"x", problem.shape.tokens, problem.shape.d_in}};
  }

  // Whether a plan made for halves does what it does in f32 but for one rounding of its result, on
  // a device that multiplies halves. Otherwise its operands are converted around it (stored.h).
  virtual bool PlansInHalves(const Problem&) const { return false; }

  // Cost of a resolved problem.
  virtual OperatorCost Cost(const Problem& problem) const = 0;

  // Standard deviation the values of `tensor` should have so that outputs are of order one (e.g.
  // 1/sqrt(K)).
  virtual double OperandScale(const Problem& problem, absl::string_view tensor) const = 0;

  // All validation and allocation. The device and communicator must outlive the plan. Not for the
  // halves: those go through stored.h.
  virtual absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                         Communicator& communicator) const = 0;

  // --- The reference, from the definition in float64, sharing no code with the plan ---

  // Y restricted to the given global rows, all d_out columns, row-major. O(|rows| K M) or worse:
  // small problems.
  virtual std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                            absl::Span<const int64_t> rows) const = 0;

  // z = Y v for a vector v of d_out elements, at the given global rows, without forming Y: at most
  // O(NK + KM). Also returns, for each row, an upper bound on the magnitude the rounding errors of
  // that row scale with (e.g. ||x_row|| ||W v||-style: sum of absolute values along the
  // computation).
  struct Projection {
    std::vector<double> value;
    std::vector<double> magnitude;
  };
  virtual Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                         absl::Span<const double> v,
                                         absl::Span<const int64_t> rows) const = 0;

  // A direction in the space of one input: `values` (row-major) at rows x cols, zero elsewhere.
  struct Change {
    std::string tensor;
    std::vector<int64_t> rows, cols;
    std::vector<double> values;
  };
  // <dY, derivative of Y along the change>, dY being the operand "dy": what <change, gradient> has
  // to be. The default evaluates the forward reference at the change itself where Y is linear in
  // the tensor, and by central differences otherwise; O(N K M) and more, so large problems need
  // better.
  virtual double ReferenceDerivative(const Problem& problem, const Operands& operands,
                                     const Change& change) const;

  // Whether Y is linear in one tensor while the others are held.
  virtual bool IsLinearIn(absl::string_view tensor) const {
    static_cast<void>(tensor);
    return true;
  }

  // Size of the terms that may cancel in an element of the gradient of a tensor: a gradient smaller
  // than that has rounding errors relative to its terms. 0: nothing cancels.
  virtual double GradientTerms(const Problem& problem, absl::string_view tensor) const {
    static_cast<void>(problem), static_cast<void>(tensor);
    return 0;
  }

  // Number of independent roundings k in the error model error ~ 0.425 u sqrt(k) * growth; the
  // validator allows a stated multiple of it.
  virtual double RoundingGrowth(const Problem& problem) const = 0;

  // Largest magnitude any value of the computation can reach when every operand is an integer in
  // -2..2. While it is below 1/u, plan and reference are both exact and are compared bit for bit.
  // The default is for operators whose results are not integers then; an override may give a better
  // reason.
  virtual absl::StatusOr<double> IntegerBound(const Problem& problem) const {
    return absl::UnimplementedError("integer operands do not give integer results");
  }
};

}  // namespace basisbench
