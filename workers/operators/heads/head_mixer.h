// SPDX-License-Identifier: Apache-2.0
// A token mixer that works on heads: groups of neighbouring columns that do not see each other. All
// its inputs are data, one row for each token and as many columns for each head ("x" first). Such
// an operator says how a device mixes the tokens of some heads, and what comes out of one head by
// definition; how operands lie on ranks, what moves, what it costs and the reference follow from
// that, here.
//
// Shardings: "column" gives every rank its own heads (whole groups of those that share an
// input; ranks beyond their number have none): nothing moves. "all_to_all" cuts everything
// by tokens; one all-to-all for each tensor makes heads whole before and cuts them again after.
// "token" cuts by tokens too, and is the operator's own algorithm, if it has one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "workers/operators/operator.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// An input of N x (heads / shared * width).
struct HeadTensor {
  std::string name;
  int64_t width = 0;   // columns of one head
  double scale = 1.0;  // standard deviation of its values
  int64_t shared = 1;  // neighbouring heads that have one of its heads in common
};

// Some heads of every tensor in device memory, without gaps: element (token, head, i) is at
// (token * heads + head) * width + i, of a shared tensor with the number of its own heads. Null
// where the direction has no use for it.
struct HeadOperands {
  int64_t tokens = 0, heads = 0;
  std::vector<const void*> inputs;  // in the order of HeadMixer::Inputs
  void* y = nullptr;
  const void* dy = nullptr;
  std::vector<void*> gradients;  // of the inputs; overwritten
};

// The tokens of some heads mixed, prepared. Run never allocates and leaves inputs as they were.
class LocalHeads {
 public:
  virtual ~LocalHeads() = default;
  // Forward: y from the inputs. Backward: gradients from the inputs and dy. Issued, not waited for.
  virtual absl::Status Run() = 0;
};

// One head by definition, in float64: values of every input (tokens x width, row-major) in the
// order of HeadMixer::Inputs.
using HeadValues = std::vector<std::vector<double>>;

// Rows of a head's output and, for each element, a bound on the magnitude its rounding errors scale
// with.
struct HeadRows {
  std::vector<double> y, magnitude;
};

class HeadMixer : public Operator {
 public:
  // Shardings and dtypes are filled in; "token", where there is one, is the first.
  explicit HeadMixer(OperatorDescription description, std::vector<Sharding> token = {});

  // --- What an operator says about itself ---

  // Parameters from the shape, and refusals, once "heads" is known to divide d_in and d_out.
  virtual absl::Status ResolveHeads(Problem& problem) const = 0;
  virtual std::vector<HeadTensor> Inputs(const Problem& problem) const = 0;
  // Of one head, in the problem's direction.
  virtual double FlopsPerHead(const Problem& problem) const = 0;
  // Elements of workspace that MakeLocal will allocate.
  virtual int64_t Workspace(const Problem& problem, int64_t heads) const = 0;
  virtual absl::StatusOr<std::unique_ptr<LocalHeads>> MakeLocal(
      const Problem& problem, Device& device, const HeadOperands& operands) const = 0;
  virtual HeadRows ReferenceHead(const Problem& problem, const HeadValues& inputs,
                                 absl::Span<const int64_t> rows) const = 0;
  // Whether row i of Y depends on row i of this input only.
  virtual bool IsRowWise(absl::string_view tensor) const = 0;

  // --- What follows ---

  const OperatorDescription& description() const override { return description_; }
  absl::StatusOr<Problem> Resolve(const Problem& problem) const override;
  std::vector<TensorShape> Tensors(const Problem& problem) const override;
  OperatorCost Cost(const Problem& problem) const override;
  double OperandScale(const Problem& problem, absl::string_view tensor) const override;
  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override;
  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override;
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;
  static int64_t Heads(const Problem& problem);
  // Columns of one head of Y.
  static int64_t OutputWidth(const Problem& problem);
  // Heads that go together, since they share some input.
  int64_t GroupSize(const Problem& problem) const;

 private:
  OperatorDescription description_;
  std::vector<Sharding> own_;
};

}  // namespace basisbench
